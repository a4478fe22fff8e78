"""What is read as columns is what the parsers read, whatever comes."""

import struct

import cramjam
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

from aiops import plugins
from aiops.testing.receiver import Recorder
from collectors.influx_line import points
from collectors.remote_write.message import write_request
from tests.contract.collect.pushes import NOW_MS, NOW_NS, push

_ODD = (
    "t", "false", '"x_y"', '"a,b=c"', "1.", ".5", "+1", "1_0", "0x1", "1e5", "-0", "01", "1i2",
    "1.5i", "i", "-i", "1u", "nan", "inf", "1e999", "\u0661", "1e", "--1",
)  # fmt: skip
_NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-(2**70), 2**70).map("{}i".format),
    st.sampled_from(_ODD),
)
_NAMES = st.sampled_from(["v", "used", "a\\ b", "x\\,y", "\u00e9"])
_FIELDS = st.lists(
    st.tuples(_NAMES, _NUMBERS), min_size=1, max_size=3, unique_by=lambda pair: pair[0]
).map(lambda pairs: ",".join(f"{name}={value}" for name, value in pairs))
_HEADS = st.sampled_from(
    ["m,host=a", "m,host=b", "disk,host=a,path=/", "m", "m,host=a\\ b", "", "#", "m,=x", "m,host="]
)
_TIMES = st.sampled_from(
    [str(NOW_NS), str(NOW_NS + 1), "1", "-5", "", "99999999999999999999", str(2**63 - 1), "x"]
)
_LINES = st.one_of(
    st.builds("{} {} {}".format, _HEADS, _FIELDS, _TIMES),
    st.builds("{} {}".format, _HEADS, _FIELDS),
    st.sampled_from(["", " ", "# a comment", "m,host=a v=1 1 1", "\tm v=1", "m v=1\r"]),
)


def receive(receiver, kind, bodies):
    """Returns what is stored of each body and what is answered."""
    sink = Recorder()
    answers = [receiver.receive(push(kind, body), sink) for body in bodies]
    stored = [
        sorted(
            (batch.series[row].text, int(time), struct.pack("<d", value))
            for row, time, value in zip(batch.rows, batch.times, batch.values, strict=True)
        )
        for batch in sink.batches
    ]
    told = [(a.status, a.accepted, dict(a.dropped), a.body) for a in answers]
    return stored, told


def create(kind):
    plugin = plugins.load("collectors", kind)
    return plugin.create(plugin.settings())


@settings(deadline=None, max_examples=300)
@given(st.lists(_LINES, min_size=1, max_size=12))
def test_lines_read_together_are_the_lines_read_one_by_one(lines):
    body = "\n".join(lines).encode()
    before = points.WORTH_IT
    try:
        points.WORTH_IT = 1 << 30
        slow = receive(create("influx_line"), "influx_line", [body, body])
        points.WORTH_IT = 0
        fast = receive(create("influx_line"), "influx_line", [body, body])
    finally:
        points.WORTH_IT = before
    assert fast == slow


_SERIES = st.tuples(
    st.lists(
        st.tuples(st.sampled_from([b"host", b"x", b"\xff"]), st.binary(max_size=12)), max_size=2
    ),
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.5, -2.0, float("nan"), float("inf")]),
            st.sampled_from([NOW_MS, NOW_MS + 1, 0, -1, 5, 2**62, 2**35, 2**42 - 1, 2**42]),
        ),
        max_size=2,
    ),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(_SERIES, max_size=6))
def test_series_known_by_their_bytes_are_the_series_that_are_parsed(told):
    request = write_request()()
    for labels, samples in told:
        series = request.timeseries.add()
        series.labels.add(name=b"__name__", value=b"m_total")
        for name, value in labels:
            series.labels.add(name=name, value=value)
        for value, time in samples:
            series.samples.add(value=value, timestamp=time)
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    once = receive(create("remote_write"), "remote_write", [body])
    twice = receive(create("remote_write"), "remote_write", [body, body])
    assert twice[0] == once[0] * 2
    assert twice[1] == once[1] * 2


_POINTS = st.tuples(
    st.sampled_from([0, NOW_NS, 2**63, 2**64 - 1]),
    st.sampled_from([0, NOW_NS - 10**9]),
    st.sampled_from([0.0, 1.5, -1.0, float("nan"), 3, -4, None]),
    st.lists(st.sampled_from(["a", "b", "\u00e9"]), max_size=2),
    st.sampled_from([0, 1]),
)
_METRICS = st.tuples(
    st.sampled_from(["gauge", "sum", "delta", "histogram"]), st.booleans(), st.lists(_POINTS)
)


@settings(deadline=None, max_examples=200)
@given(st.lists(_METRICS, max_size=4), st.sampled_from(["", "db-07"]))
def test_points_known_by_their_bytes_are_the_points_that_are_parsed(told, host):
    request = service.ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    if host:
        resource.resource.attributes.add(key="host.name").value.string_value = host
    scope = resource.scope_metrics.add()
    for number, (kind, monotonic, listed) in enumerate(told):
        metric = scope.metrics.add(name=f"m{number}", unit="1")
        data = getattr(metric, "sum" if kind == "delta" else kind)
        if kind in {"sum", "delta"}:
            data.aggregation_temporality = 2 if kind == "sum" else 1
            data.is_monotonic = monotonic
        if kind == "histogram":
            data.aggregation_temporality = 2
        for time, start, value, names, flags in listed:
            point = data.data_points.add(
                time_unix_nano=time, start_time_unix_nano=start, flags=flags
            )
            if kind != "histogram" and isinstance(value, float):
                point.as_double = value
            elif kind != "histogram" and value is not None:
                point.as_int = value
            for name in names:
                point.attributes.add(key=name).value.string_value = "x"
    body = request.SerializeToString()
    once = receive(create("otlp"), "otlp", [body])
    twice = receive(create("otlp"), "otlp", [body, body])
    assert twice[0] == once[0] * 2
    assert twice[1] == once[1] * 2
