"""Bad bodies of the catalogue and the answers it names; a bad part costs no good one."""

import json

import cramjam
import pytest

from aiops import plugins
from aiops.testing.receiver import Recorder
from tests.contract.collect.pushes import (
    NOW_MS,
    NOW_NS,
    push,
    value_list,
    write_body,
)
from tests.golden.collect.received import receive

GOOD = f"good,host=a v=1 {NOW_NS}"
JSON = {"content-type": "application/json"}


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
