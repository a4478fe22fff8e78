"""Bad bodies of the catalogue and the answers it names; a bad part costs no good one."""

import json
from dataclasses import replace
from datetime import timedelta

import cramjam
import pytest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics

from aiops import plugins
from aiops.collect.gate import Gate
from aiops.collect.settings import CollectSettings
from aiops.testing.receiver import Recorder
from tests.contract.collect.pushes import (
    NOW,
    NOW_MS,
    NOW_NS,
    gauge_request,
    metrics_request,
    push,
    value_list,
    write_body,
)

GOOD = f"good,host=a v=1 {NOW_NS}"
JSON = {"content-type": "application/json"}


class Gated(Recorder):
    """A sink behind the gate that the service lets samples through."""

    def accept(self, batch, inventory, source):
        gated = Gate(CollectSettings()).check(source, batch, NOW, {})
        super().accept(gated.batch, inventory, source)
        return gated.dropped


def receive(
    name: str, body: bytes, headers=None, *, settings=None, refuses=None, gate=False, **query
):
    plugin = plugins.load("collectors", name)
    receiver = plugin.create(plugin.settings(**(settings or {})))
    sink = Gated() if gate else Recorder(refuses=refuses or {})
    answer = receiver.receive(push(name, body, headers, **query), sink)
    stored = {}
    for batch in sink.batches:
        for row, time, value in zip(batch.rows, batch.times, batch.values, strict=True):
            stored[batch.series[row].text, int(time)] = float(value)
    return answer, stored


def lines(*text: str, **more):
    return receive("influx_line", "\n".join([*text, GOOD]).encode(), **more)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("cpu", "parse"),  # L1
        (",host=a v=1", "parse"),
        (",", "parse"),
        ("cpu,host=a b v=1", "parse"),  # L2
        ("cpu,ho=st=a v=1", "parse"),
        ('cpu v="open', "parse"),
        ("cpu v=1 12 13", "parse"),
        ('cpu v="text"', "type"),  # L3
        ("cpu v=true", "type"),  # L4
        ("cpu v=9223372036854775808i", "range"),
        ("cpu v=1e999", "non_finite"),
        ("cpu v=nan", "non_finite"),
        (f"cpu v=1 {NOW_NS // 10**9}", "too_old"),  # L5
        (f"cpu v=1 {NOW_NS // 10**6}", "too_old"),
        ("cpu v=1 99999999999999999999", "range"),
        ("cpu,host=a\x00 v=1", "parse"),
        ("cpu," + ",".join(f"t{n}=x" for n in range(65)) + " v=1", "labels"),
        ("cpu,t=" + "x" * 2000 + " v=1", "labels"),
    ],
)
def test_a_bad_line_is_told_by_number_and_the_others_are_stored(bad, reason):
    answer, stored = lines(bad)
    assert answer.status == 400
    assert answer.dropped == {reason: 1}
    told = json.loads(answer.body)
    assert (told["accepted"], told["rejected"]) == (1, 1)
    assert told["lines"][0].startswith(f"line 1: {reason}: ")
    assert stored == {("a good_v", NOW_NS): 1.0}


def test_times_in_seconds_are_recognised():  # L5
    answer, _ = lines(f"cpu v=1 {NOW_NS // 10**9}")
    assert "looks like seconds" in json.loads(answer.body)["lines"][0]
    answer, stored = receive("influx_line", b"cpu v=1 %d" % (NOW_MS // 1000), precision="s")
    assert answer.status == 204
    assert stored == {("site-a cpu_v", NOW_NS): 1.0}


def test_a_megabyte_of_spaces_and_a_newline_in_a_text_resynchronise():  # L1, L2
    answer, stored = lines(" " * (1 << 20), 'cpu v="a', 'b" 5')
    assert answer.status == 400
    assert json.loads(answer.body)["rejected"] == 3
    assert len(stored) == 1


def test_booleans_are_numbers_only_when_configured():  # L4
    answer, stored = lines("m a=t,b=false", settings={"booleans": True})
    assert answer.status == 204
    assert {key[0]: value for key, value in stored.items()}["site-a m_a"] == 1.0


def test_beyond_the_quota_the_agent_is_asked_to_wait():  # L6
    answer, _ = lines(refuses={"quota": 1})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert "series_limit" in json.loads(answer.body)["message"]


def test_line_ends_and_repeated_points_are_no_fault():  # L7
    body = f"m,host=a v=1 {NOW_NS}\r\nm,host=a v=2 {NOW_NS}".encode()
    answer, stored = receive("influx_line", body)
    assert answer.status == 204
    assert stored == {("a m_v", NOW_NS): 2.0}
    answer, _ = receive("influx_line", body, refuses={"duplicate": 1})
    assert (answer.status, answer.accepted) == (204, 2)


def test_an_unknown_precision_or_bucket_is_refused_as_a_whole():  # L8
    assert receive("influx_line", GOOD.encode(), precision="fortnight")[0].status == 400
    settings = {"buckets": ("mine",)}
    answer, stored = receive("influx_line", GOOD.encode(), settings=settings, bucket="other")
    assert (answer.status, stored) == (404, {})
    assert receive("influx_line", GOOD.encode(), settings=settings, db="mine")[0].status == 204


def test_telegrafs_disk_is_a_volume_with_a_limit():
    plugin = plugins.load("collectors", "influx_line")
    receiver, sink = plugin.create(plugin.settings()), Recorder()
    body = f"disk,host=db,path=/data,fstype=xfs used_percent=85,total=10i {NOW_NS}"
    assert receiver.receive(push("influx_line", body.encode()), sink).status == 204
    inventory = sink.inventories[0]
    assert {a.key: a.parent for a in inventory.assets} == {"db": "", "db/volume:/data": "db"}
    (limit,) = inventory.limits
    assert (limit.asset, limit.fail, limit.warn) == ("db/volume:/data", 1.0, 0.9)
    values = dict(
        zip([key.text for key in sink.batches[0].series], sink.batches[0].values, strict=True)
    )
    assert values["db/volume:/data system.filesystem.utilization"] == 0.85


# remote write

SERIES = {"__name__": "up", "instance": "n:1"}
BESIDE = ({"__name__": "fine", "instance": "n:1"}, [(NOW_MS, 2.0)])


def test_a_length_of_four_gigabytes_is_refused_before_anything_is_made():  # P14
    answer, _ = receive("remote_write", b"\xff\xff\xff\xff\x0f" + b"x" * 20)
    assert answer.status == 400
    assert b"4294967295 bytes" in answer.body


@pytest.mark.parametrize(
    "body",
    [b"not snappy at all", b"", b"\xff" * 9, bytes(cramjam.snappy.compress_raw(b"\xff\xff\xff"))],
)
def test_what_is_no_remote_write_is_a_400(body):  # P14
    assert receive("remote_write", body)[0].status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
        {"content-type": "application/json", "content-encoding": "snappy"},
        {"content-type": "application/x-protobuf", "content-encoding": "gzip"},
    ],
)
def test_version_two_and_other_types_are_a_415(headers):  # P14
    headers = {"content-encoding": "snappy", **headers}
    assert receive("remote_write", write_body(BESIDE), headers)[0].status == 415


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({}, "labels"),  # P14: empty labels
        ({"__name__": ""}, "labels"),
        ({"__name__": "up", "": "x"}, "labels"),
        ([("__name__", "up"), ("a", "1"), ("a", "2")], "labels"),  # P6
        ({"__name__": "up", "a": "\x00"}, "labels"),  # P7
        ({"__name__": "up", b"a": b"\xff\xfe"}, "labels"),
        ({"__name__": "up", "a": "x" * 2000}, "labels"),
        ({"__name__": "up", **{f"l{n}": "x" for n in range(65)}}, "limit"),  # P8
    ],
)
def test_a_bad_series_is_counted_and_its_neighbour_stored(labels, reason):
    answer, stored = receive("remote_write", write_body((labels, [(NOW_MS, 1.0)]), BESIDE))
    assert answer.status == 400
    assert f"1 samples stored, 1 refused ({reason}: 1)".encode() in answer.body
    assert stored == {("n:1 fine", NOW_NS): 2.0}


def test_unsorted_labels_are_sorted_and_strange_texts_kept():  # P14, P7
    told = [("z", "</script>"), ("instance", "n:1"), ("__name__", "up"), ("a", "\u202e\x1b[31m")]
    answer, stored = receive("remote_write", write_body((told, [(NOW_MS, 1.0)])))
    assert answer.status == 204
    assert stored == {("n:1 up{a=\u202e\x1b[31m,z=</script>}", NOW_NS): 1.0}


def test_a_stale_marker_is_a_gap_and_no_fault():  # P3
    body = write_body((SERIES, [(NOW_MS, float("nan")), (NOW_MS + 1, 1.0)]))
    answer, stored = receive("remote_write", body)
    assert (answer.status, len(stored), answer.dropped) == (204, 1, {"non_finite": 1})


def test_a_negative_counter_and_a_time_beyond_reason_are_refused():  # P12, P5
    counter = ({"__name__": "c_total", "instance": "n:1"}, [(NOW_MS, -1.0)])
    late = (SERIES, [(2**62, 1.0)])
    answer, stored = receive("remote_write", write_body(counter, late, BESIDE))
    assert answer.dropped == {"type": 1, "range": 1}
    assert list(stored.values()) == [2.0]


def test_a_refusal_of_the_store_names_the_count_and_asks_for_no_repeat():  # P14
    answer, _ = receive("remote_write", write_body(BESIDE), refuses={"too_old": 1})
    assert answer.status == 400
    assert b"too_old: 1" in answer.body
    assert b"do not resend" in answer.body
    assert receive("remote_write", write_body(BESIDE), refuses={"quota": 1})[0].status == 429


def test_too_many_samples_are_refused_as_a_whole():  # P8
    samples = [(NOW_MS + n, 1.0) for n in range(11)]
    answer, stored = receive(
        "remote_write", write_body((SERIES, samples)), settings={"max_samples": 10}
    )
    assert (answer.status, stored) == (400, {})


def test_a_ratio_is_computed_though_its_inputs_come_in_two_bodies():
    plugin = plugins.load("collectors", "remote_write")
    receiver, sink = plugin.create(plugin.settings()), Recorder()

    def send(*pairs, at=NOW_MS):
        volume = {"instance": "n:1", "mountpoint": "/", "device": "/dev/a", "fstype": "ext4"}
        body = write_body(
            *[
                ({"__name__": f"node_filesystem_{name}_bytes", **volume}, [(at, value)])
                for name, value in pairs
            ]
        )
        assert receiver.receive(push("remote_write", body), sink).status == 204

    send(("size", 100.0), ("free", 40.0))
    send(("avail", 30.0))
    found = {
        sink.batches[-1].series[row].text: value
        for row, value in zip(sink.batches[-1].rows, sink.batches[-1].values, strict=True)
    }
    assert found["n:1/volume:/ system.filesystem.utilization"] == pytest.approx(60 / 90)
    assert sink.inventories[-1].limits


# collectd


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"values": 5}, "parse"),
        ({"dsnames": ["a", "b"]}, "parse"),
        ({"host": ""}, "labels"),
        ({"host": "x" * 2000}, "labels"),
        ({"type_instance": ["x"]}, "labels"),
        ({"time": None}, "no_time"),
        ({"time": -5}, "no_time"),
        ({"values": ["12,5"]}, "type"),
        ({"dstypes": ["strange"]}, "type"),
        ({"dstypes": ["absolute"], "interval": 0}, "type"),
    ],
)
def test_a_bad_value_list_is_counted_and_its_neighbour_stored(told, reason):
    body = json.dumps([value_list(**told), value_list(host="good")]).encode()
    answer, stored = receive("collectd", body)
    assert (answer.status, answer.dropped) == (400, {reason: 1})
    assert list(stored) == [("good collectd.cpu{instance=0,type=idle}", NOW_NS)]


def test_a_null_is_a_gap_and_an_absolute_value_a_rate():
    lists = [value_list(values=[None]), value_list(values=[50], dstypes=["absolute"])]
    answer, stored = receive("collectd", json.dumps(lists).encode())
    assert (answer.status, answer.dropped) == (204, {"non_finite": 1})
    assert stored == {("leeloo collectd.cpu.rate{instance=0,type=idle}", NOW_NS): 5.0}


def test_a_volume_of_df_is_an_asset_whatever_the_order_of_its_values():
    lists = [
        value_list(
            plugin="df", plugin_instance="root", type="df_complex", type_instance=name,
            values=[value], dstypes=["gauge"],
        )
        for name, value in (("free", 30.0), ("reserved", 10.0), ("used", 60.0))
    ]  # fmt: skip
    _, stored = receive("collectd", json.dumps(lists).encode())
    name = "leeloo/volume:root system.filesystem.utilization"
    assert stored[name, NOW_NS] == pytest.approx(60 / 90)


# OTLP


def otlp(request, **more):
    return receive("otlp", request.SerializeToString(), **more)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff" * 40, None, 400),  # O1
        (gauge_request("x", 1.0).SerializeToString()[:-3], None, 400),
        (b'{"resourceMetrics": []}', None, 400),
        (gauge_request("x", 1.0).SerializeToString(), JSON, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b'{"a":' * 100_000, JSON, 400),  # O2
        (b'{"resourceMetrics": [NaN]}', JSON, 400),
        (b'{"resourceMetrics": ' + b"9" * 5000 + b"}", JSON, 400),
        (b"[]", JSON, 400),
        (b"", None, 200),  # O3
        (b"{}", JSON, 200),
    ],
)
def test_what_is_no_export_request_is_refused_and_an_empty_one_is_not(body, headers, status):
    assert receive("otlp", body, headers)[0].status == status


def test_deep_values_are_refused():  # O2
    value = '{"stringValue": "x"}'
    for _ in range(100):
        value = f'{{"arrayValue": {{"values": [{value}]}}}}'
    attributes = f'{{"attributes": [{{"key": "k", "value": {value}}}]}}'
    body = f'{{"resourceMetrics": [{{"resource": {attributes}}}]}}'
    assert receive("otlp", body.encode(), JSON)[0].status == 400


def test_json_numbers_may_be_texts():  # O2
    point = f'{{"timeUnixNano": "{NOW_NS}", "asInt": "7"}}'
    body = (
        '{"resourceMetrics": [{"resource": {"attributes": [{"key": "host.name", "value": '
        '{"stringValue": "h"}}]}, "scopeMetrics": [{"metrics": [{"name": "q", "gauge": '
        f'{{"dataPoints": [{point}]}}}}]}}]}}]}}'
    )
    answer, stored = receive("otlp", body.encode(), JSON)
    assert (answer.status, answer.media_type) == (200, "application/json")
    assert stored == {("h q", NOW_NS): 7.0}


def test_without_a_name_of_anything_it_is_unmapped():  # O3
    _, stored = otlp(gauge_request("q", 1.0, service_name="unknown_service:python"))
    assert list(stored) == [("site-a/unmapped q", NOW_NS)]


def rejected(answer) -> int:
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

    told = service.ExportMetricsServiceResponse.FromString(answer.body)
    return told.partial_success.rejected_data_points


def number(time=NOW_NS, value=1.0, start=0) -> metrics.NumberDataPoint:
    return metrics.NumberDataPoint(time_unix_nano=time, as_double=value, start_time_unix_nano=start)


def gauge(*points) -> metrics.Metric:
    return metrics.Metric(name="g", gauge=metrics.Gauge(data_points=points))


def summed(temporality: int, *points, monotonic=True) -> metrics.Metric:
    data = metrics.Sum(
        data_points=points, aggregation_temporality=temporality, is_monotonic=monotonic
    )
    return metrics.Metric(name="s", sum=data)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (gauge(number(time=0)), "no_time"),  # O6
        (gauge(number(time=2**64 - 1)), "range"),
        (gauge(number(value=float("inf"))), "non_finite"),
        (gauge(metrics.NumberDataPoint(time_unix_nano=NOW_NS)), "parse"),
        (summed(0, number()), "temporality"),  # O7
        (summed(1, number()), "temporality"),
        (summed(1, number(start=NOW_NS + 1)), "temporality"),
        (summed(1, number(start=NOW_NS - 10**9, value=-1.0)), "temporality"),
        (summed(2, number(value=-1.0)), "type"),
        (
            metrics.Metric(
                name="e",
                exponential_histogram=metrics.ExponentialHistogram(
                    aggregation_temporality=2,
                    data_points=[
                        metrics.ExponentialHistogramDataPoint(time_unix_nano=NOW_NS, scale=100)
                    ],
                ),
            ),
            "histogram",
        ),  # O8
        (
            metrics.Metric(
                name="h",
                histogram=metrics.Histogram(
                    aggregation_temporality=2,
                    data_points=[
                        metrics.HistogramDataPoint(
                            time_unix_nano=NOW_NS,
                            count=5,
                            bucket_counts=[1, 1],
                            explicit_bounds=[1.0],
                        )
                    ],
                ),
            ),
            "histogram",
        ),
    ],
)
def test_a_bad_point_is_counted_exactly_and_the_others_are_stored(metric, reason):  # O4
    good = gauge(number())
    good.name = "fine"
    answer, stored = otlp(metrics_request(metric, good, host_name="h"))
    assert answer.status == 200
    assert (rejected(answer), answer.dropped) == (1, {reason: 1})
    assert stored == {("h fine", NOW_NS): 1.0}


def test_a_point_that_began_after_it_ended_is_stored_with_a_warning():  # O6
    for metric in (gauge(number(start=NOW_NS + 1)), summed(2, number(start=NOW_NS + 1))):
        answer, stored = otlp(metrics_request(metric, host_name="h"))
        assert (answer.status, rejected(answer), list(stored.values())) == (200, 0, [1.0])
        assert b"1 points say that they began after they ended" in answer.body


def test_a_point_a_day_ahead_is_refused_as_future():  # O6, through the gate of the service
    answer, _ = otlp(metrics_request(gauge(number(NOW_NS + 86_400 * 10**9), number())), gate=True)
    assert (answer.status, rejected(answer), answer.accepted) == (200, 1, 1)
    assert b"future: 1" in answer.body


def test_points_the_store_refuses_are_counted_too():  # O4
    answer, _ = otlp(metrics_request(gauge(number(), number(NOW_NS + 1))), refuses={"future": 1})
    assert (answer.status, rejected(answer)) == (200, 1)


def test_over_quota_it_is_asked_to_wait():  # O5
    answer, _ = otlp(gauge_request("q", 1.0), refuses={"quota": 1})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


def test_a_delta_is_a_rate_of_its_own_span_whatever_is_lost_or_repeated():  # O7
    second = 10**9
    one = number(start=NOW_NS - 10 * second, value=50.0)
    after_a_gap = number(NOW_NS + 60 * second, 20.0, NOW_NS + 50 * second)
    _, stored = otlp(metrics_request(summed(1, one, one, after_a_gap), host_name="h"))
    assert stored == {
        ("h s.rate", NOW_NS): 5.0,
        ("h s.rate", NOW_NS + 60 * second): 2.0,
    }


def test_quantiles_of_a_cumulative_histogram_are_those_of_what_is_new():
    plugin = plugins.load("collectors", "otlp")
    receiver, sink = plugin.create(plugin.settings(quantiles=(0.5,))), Recorder()
    for minute, counts in ((0, [100, 0, 0]), (1, [100, 10, 0])):
        point = metrics.HistogramDataPoint(
            start_time_unix_nano=NOW_NS - 10**12,
            time_unix_nano=NOW_NS + minute * 60 * 10**9,
            count=sum(counts),
            sum=1.0,
            bucket_counts=counts,
            explicit_bounds=[1.0, 2.0],
        )
        data = metrics.Histogram(aggregation_temporality=2, data_points=[point])
        request = metrics_request(metrics.Metric(name="d", histogram=data), host_name="h")
        sent = push("otlp", request.SerializeToString())
        moved = replace(sent, now=sent.now + timedelta(minutes=minute))
        assert receiver.receive(moved, sink).status == 200
    first, second = sink.batches
    assert [key.text for key in first.series] == ["h d.count", "h d.sum"]
    found = {second.series[r].text: v for r, v in zip(second.rows, second.values, strict=True)}
    assert found["h d{quantile=0.5}"] == 1.5


def test_series_that_come_and_go_do_not_fill_the_memory(monkeypatch):  # L6
    monkeypatch.setattr("collectors.remote_write.receiver._FORGET_BEYOND", 50)
    plugin = plugins.load("collectors", "remote_write")
    receiver, sink = plugin.create(plugin.settings()), Recorder()
    for turn in range(20):
        series = [
            ({"__name__": f"m{turn}_{n}", "instance": "n:1"}, [(NOW_MS, 1.0)]) for n in range(20)
        ]
        assert receiver.receive(push("remote_write", write_body(*series)), sink).status == 204
    assert max(len(batch.series) for batch in sink.batches) <= 80
