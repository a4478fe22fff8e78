"""Bad OTLP exports of the catalogue and the answers it names; a bad point costs no good one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as metrics

from aiops import plugins
from aiops.testing.receiver import Recorder
from tests.contract.collect.pushes import (
    NOW_NS,
    gauge_request,
    metrics_request,
    push,
)
from tests.golden.collect.received import receive

JSON = {"content-type": "application/json"}


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
