"""The InfluxDB store: writes into VictoriaMetrics, and everything against a real 2.x server."""

import os
import uuid
from datetime import timedelta

import numpy as np
import pytest

from aiops.contracts.errors import StoreError
from aiops.contracts.secret import Secret
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.domain.step import DAY, MINUTE
from aiops.store.remote.influx import InfluxStore
from aiops.store.remote.settings import InfluxSettings, VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import check_series_store, samples


@pytest.fixture
def real():
    found = {
        name: os.environ.get(f"AIOPS_TEST_INFLUXDB_{name}", "") for name in ("URL", "TOKEN", "ORG")
    }
    if not all(found.values()):
        pytest.skip("not run: AIOPS_TEST_INFLUXDB_URL, _TOKEN and _ORG name no InfluxDB 2")
    return InfluxSettings(
        url=found["URL"],
        token=Secret(found["TOKEN"]),
        org=found["ORG"],
        bucket=os.environ.get("AIOPS_TEST_INFLUXDB_BUCKET", f"aiops_test_{uuid.uuid4().hex[:8]}"),
        name=uuid.uuid4().hex[:8],
        create_bucket=True,
    )


def test_a_real_influxdb_keeps_the_contract_of_series_stores(real):
    check_series_store(lambda: InfluxStore(real))


def test_a_real_influxdb_behind_the_spool_keeps_it_too(real, tmp_path):
    check_series_store(
        lambda: SpooledStore(InfluxStore(real), Spool(tmp_path / "spool.db", 1 << 30, 900 * DAY))
    )


def test_a_real_influxdb_takes_every_legal_character_and_the_task(real):
    odd = 'a b,c=d"e\\f\n日本\\'
    info = SeriesInfo(0, SeriesKey.of(odd, "cpu %", {"mode": odd}), MINUTE)
    settings = InfluxSettings(
        real.url, real.org, real.bucket, real.token, real.name, create_bucket=True, downsample=True
    )
    store = InfluxStore(settings)
    store.name_series(lambda _: [info])
    store.append(samples((0, 0, 1.0)))
    assert store.samples(np.array([0]), MONDAY, MONDAY + DAY).values.tolist() == [1]
    store.close()


def test_its_lines_are_read_by_another_server_as_they_were_meant(victoria):
    odd = 'a b,c=d"e\\f日本'
    infos = [
        SeriesInfo(0, SeriesKey.of(odd, "cpu", {"mode": odd}), MINUTE),
        SeriesInfo(1, SeriesKey.of("db", "cpu"), MINUTE),
    ]
    store = InfluxStore(
        InfluxSettings(url=victoria.url, org="o", bucket="b", token=Secret("t"), name="lines")
    )
    store.name_series(lambda ids: [infos[i] for i in ids.tolist()])
    store._setup.version = "2.x"  # this server is none, and takes the same writes
    store.append(samples((0, 0, 0.1), (1, MINUTE, -1e300), (1, 2 * MINUTE, 5e-7)))
    store.close()
    reader = VictoriaMetricsStore(VictoriaMetricsSettings(url=victoria.url, name="lines"))
    reader.flush()
    found = reader.stored(np.array([0, 1]), MONDAY, MONDAY + DAY)
    assert found.ids.tolist() == [0, 1, 1]
    np.testing.assert_allclose(found.values[:2], [0.1, -1e300], rtol=1e-9)
    query = f"count_over_time(aiops_cpu{{asset={odd_quoted(odd)},mode={odd_quoted(odd)}}}[1h])"
    assert reader._server.query(query, MONDAY // 10**9 + 60)[0][1] == "1"
    reader.close()


def odd_quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_victoriametrics_is_refused_as_an_influxdb_and_says_so(victoria):
    store = InfluxStore(
        InfluxSettings(url=victoria.url, org="o", token=Secret("t"), timeout=timedelta(seconds=60))
    )
    with pytest.raises(StoreError, match="no InfluxDB"):
        store.append(samples((1, 0, 1.0)))
    store.close()
