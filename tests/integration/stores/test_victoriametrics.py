"""The VictoriaMetrics store against a real server."""

import itertools
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import ConfigError, StoreError
from aiops.domain.instant import from_ns
from aiops.domain.series import Samples, SeriesInfo, SeriesKey
from aiops.domain.step import DAY, HOUR, MINUTE
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore
from aiops.testing.fault_proxy import Fault, FaultProxy
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import check_series_store, samples

_names = itertools.count()


@pytest.fixture
def settings(victoria):
    return VictoriaMetricsSettings(url=victoria.url, name=f"test-{next(_names)}")


@pytest.fixture
def store(settings):
    store = VictoriaMetricsStore(settings)
    yield store
    store.close()


@contextmanager
def refusing(proxy):
    proxy.spoil(Fault.REFUSE)
    yield
    proxy.spoil(Fault.NONE)


def test_it_keeps_the_contract_of_series_stores(settings, victoria):
    with FaultProxy("127.0.0.1", victoria.port) as proxy:
        behind = replace(settings, url=proxy.url)
        check_series_store(lambda: VictoriaMetricsStore(behind), outage=lambda: refusing(proxy))


def test_behind_the_spool_it_keeps_the_contract_too(settings, victoria, tmp_path):
    with FaultProxy("127.0.0.1", victoria.port) as proxy:
        behind = replace(settings, url=proxy.url)
        check_series_store(
            lambda: SpooledStore(
                VictoriaMetricsStore(behind), Spool(tmp_path / "s.db", 1 << 30, 900 * DAY)
            ),
            outage=lambda: refusing(proxy),
        )


def test_another_process_reads_what_was_written(store, settings):
    store.append(samples((1, 0, 1.0), (1, MINUTE, 2.0), (2, 0, 3.0)))
    store.flush()
    other = VictoriaMetricsStore(settings)
    found = other.samples(np.array([1, 2]), MONDAY, MONDAY + HOUR)
    assert found.values.tolist() == [1, 2, 3]
    other.close()


def test_a_changed_value_is_a_revision_also_for_the_next_process(store, settings):
    store.append(samples((1, 0, 1.0), (1, MINUTE, 2.0)))
    store.append(samples((1, 0, 5.0)))
    store.append(samples((1, 0, 6.0)))
    store.flush()
    other = VictoriaMetricsStore(settings)
    other.append(samples((1, 0, 6.0), (1, MINUTE, 2.0)))  # as stored: nothing to write
    assert other.status()["samples_written"] == 0
    other.append(samples((1, 0, 7.0)))
    other.flush()
    third = VictoriaMetricsStore(settings)
    assert third.samples(np.array([1]), MONDAY, MONDAY + HOUR).values.tolist() == [7, 2]
    panel = third.panel(np.array([1]), MONDAY, MONDAY + 2 * MINUTE, timedelta(minutes=1))
    assert panel.values.tolist() == [[7, 2]]
    for each in (other, third):
        each.close()


def test_series_with_every_legal_character_are_found_by_people_and_by_us(store, settings, victoria):
    odd = 'a b,c=d"e\\f\n日本\\'
    infos = [
        SeriesInfo(0, SeriesKey.of(odd, "system.cpu/util %", {"mode": odd, "asset": "x"}), MINUTE),
        SeriesInfo(1, SeriesKey.of("db", "日本", {"": "y", "empty": ""}), MINUTE),
    ]
    store.name_series(lambda ids: [infos[i] for i in ids.tolist()])
    store.append(samples((0, 0, 1.0), (1, 0, 2.0)))
    store.flush()
    other = VictoriaMetricsStore(settings)
    assert other.samples(np.array([0, 1]), MONDAY, MONDAY + HOUR).values.tolist() == [1, 2]
    other.close()
    selector = f'aiops_system_cpu_util__{{aiops_store="{settings.name}"}}'
    found = store._server.query(f"last_over_time({selector}[1h])", MONDAY // 10**9 + 60)
    labels = found[0][0]
    assert labels["asset"] == 'a b,c=d"e\\f 日本⧵'
    assert labels["metric"] == "system.cpu/util %"
    assert labels["label_asset"] == "x"


def test_a_fleet_of_several_requests_is_one_panel(store):
    n = 1203
    ids = np.arange(n)
    times = np.full(n, MONDAY)
    for k in range(5):
        store.append(Samples(ids, times + k * MINUTE, ids + k / 10))
    panel = store.panel(ids[::-1], MONDAY, MONDAY + 5 * MINUTE, timedelta(minutes=1))
    wanted = ids[::-1, None] + np.arange(5) / 10
    np.testing.assert_allclose(panel.values, wanted, rtol=1e-11)
    store.flush()
    store._recent._parts.clear()
    again = store.panel(ids[::-1], MONDAY, MONDAY + 5 * MINUTE, timedelta(minutes=1))
    np.testing.assert_allclose(again.values, wanted, rtol=1e-11)


def test_the_ends_of_a_long_history_are_found_without_reading_it(store, settings, monkeypatch):
    batch = samples(
        (1, -200 * DAY, 1.0),
        (1, 0, 2.0),
        (2, -90 * DAY + MINUTE, 3.0),
        (3, DAY - MINUTE, 4.0),
        (3, -33 * DAY, 5.0),
    )
    store.append(batch)
    store.append(samples((1, 0, 9.0)))  # a revision
    store.flush()
    other = VictoriaMetricsStore(settings)
    asked = []
    query = other._server.query
    monkeypatch.setattr(other._server, "query", lambda q, at: asked.append(q) or query(q, at))
    ids = np.array([3, 1, 2, 4, 1])
    times, values = other.latest(ids)
    assert times.tolist() == [MONDAY + DAY - MINUTE, MONDAY, MONDAY - 90 * DAY + MINUTE, 0, MONDAY]
    np.testing.assert_equal(values, [4, 9, 3, np.nan, 9])
    first = [MONDAY - 33 * DAY, MONDAY - 200 * DAY, MONDAY - 90 * DAY + MINUTE, 0]
    assert other.earliest(ids)[:4].tolist() == first
    assert all("[1d]" in each for each in asked if "over_time" in each)
    other.close()


def test_what_retention_hides_is_not_read_after_a_start_either(store, settings):
    store.append(samples((1, -90 * DAY, 1.0), (1, -10 * DAY, 2.0), (2, -40 * DAY, 3.0)))
    store.flush()
    other = VictoriaMetricsStore(settings)
    other.keep_from(from_ns(MONDAY - 20 * DAY + HOUR))
    ids = np.array([1, 2])
    assert (other.earliest(ids) - MONDAY).tolist() == [-10 * DAY, -MONDAY]
    assert other.samples(ids, 0, MONDAY).values.tolist() == [2]
    other.close()


def test_values_of_any_size_come_back_to_twelve_digits(store):
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1, 400) * 10.0 ** np.repeat(np.arange(-10, 10), 20)
    ids = np.repeat(np.arange(20), 20)
    times = MONDAY + np.tile(np.arange(20), 20) * MINUTE
    store.append(Samples(ids, times, values))
    store.flush()
    found = store.stored(np.arange(20), MONDAY, MONDAY + HOUR)
    assert found.ids.tolist() == ids.tolist()
    np.testing.assert_allclose(found.values, values, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"url": "ftp://x"}, "no address"),
        ({"url": "http://user:pw@x"}, "account"),
        ({"tenant": "../x"}, "tenant"),
        ({"timeout": timedelta(0)}, "timeout"),
        ({"name": 'a"} or {x="'}, "name"),
        ({"name": ""}, "name"),
    ],
)
def test_wrong_settings_are_refused_without_connecting(settings, says):
    with pytest.raises(ConfigError, match=says):
        VictoriaMetricsStore(VictoriaMetricsSettings(**settings))


def test_a_server_that_is_absent_is_a_store_error_and_is_seen_in_the_status():
    store = VictoriaMetricsStore(VictoriaMetricsSettings(url="http://127.0.0.1:9"))
    with pytest.raises(StoreError, match="nothing listens"):
        store.append(samples((1, 0, 1.0)))
    assert store.status()["reachable"] is False
    store.close()
