"""Risks, forecasts and anomalies are shown beside the samples, each written once."""

from datetime import timedelta

import pytest

from aiops.contracts.errors import StoreError
from aiops.daemon.results import Results
from aiops.domain.anomaly import Anomaly, Shape
from aiops.domain.forecast import Crossing
from aiops.domain.metric import Direction
from aiops.domain.risk import Risk
from aiops.domain.series import SeriesKey
from aiops.ledger.open import open_ledger
from aiops.store.engines.memory import MemoryStore
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.testing.ledger import NOW

DISK = SeriesKey.of("db 07", "disk.used", {"mount": "/data,x"})
SECONDS = int(NOW.timestamp())


@pytest.fixture
def ledger():
    ledger = open_ledger("sqlite://", NOW)
    day = timedelta(days=1)
    with ledger.begin() as tx:
        tx.put_risks([Risk("db 07", NOW, NOW + day, day, 0.5, 0.8, 0.6, 25.0, expected_loss=400.0)])
        tx.put_crossings(
            [Crossing(DISK, NOW, day, 0.95, Direction.UP, 0.7, NOW, NOW + day / 2, NOW + day)]
        )
        tx.put_anomalies(
            [Anomaly(DISK, NOW, None, 4.0, 2.0, Shape.DRIFT, Direction.UP, 0.9, 0.5, "robust 1")]
        )
    yield ledger
    ledger.close()


def test_results_are_found_by_asset_metric_and_label_and_written_once(ledger, victoria):
    store = VictoriaMetricsStore(VictoriaMetricsSettings(url=victoria.url, name="results"))
    results = Results(ledger, store)
    assert results.publish(NOW + timedelta(minutes=1)) == 3
    assert results.publish(NOW + timedelta(minutes=1)) == 0
    store.flush()

    def value(name, selector):
        query = f'last_over_time({name}{{aiops_store="results",{selector}}}[1h])'
        return float(store._server.query(query, SECONDS + 60)[0][1])

    assert value("aiops_result_risk", 'asset="db 07"') == 25
    assert value("aiops_result_expected_loss", 'asset="db 07"') == 400
    disk = 'asset="db 07",metric="disk.used",mount="/data,x"'
    assert value("aiops_result_breach_probability", disk) == 0.7
    assert value("aiops_result_hours_to_limit", disk) == 12
    assert value("aiops_result_anomaly_score", f'{disk},shape="drift"') == 4
    store.close()


def test_results_a_store_did_not_take_are_written_next_time(ledger, victoria):
    away = VictoriaMetricsStore(VictoriaMetricsSettings(url="http://127.0.0.1:9"))
    results = Results(ledger, away)
    with pytest.raises(StoreError):
        results.publish(NOW + timedelta(minutes=1))
    results._store = VictoriaMetricsStore(VictoriaMetricsSettings(url=victoria.url, name="later"))
    assert results.publish(NOW + timedelta(minutes=1)) == 3
    results._store.close()
    away.close()


def test_a_store_without_readers_of_its_own_gets_none(ledger):
    assert Results(ledger, MemoryStore()).publish(NOW) == 0
