"""What people are given beside the stores works against a real server."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from aiops.config import load
from aiops.domain.series import Samples, SeriesInfo, SeriesKey
from aiops.domain.step import MINUTE
from aiops.store.remote.results import Result
from aiops.store.remote.settings import VictoriaMetricsSettings
from aiops.store.remote.victoria import VictoriaMetricsStore
from aiops.testing.panels import MONDAY
from aiops.testing.series_store import CHECKS

ROOT = Path(__file__).parents[3]


def expressions():
    board = json.loads((ROOT / "deploy/grafana/victoriametrics.json").read_text())
    return [
        (panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]
    ]


@pytest.fixture(scope="module")
def filled(victoria):
    store = VictoriaMetricsStore(VictoriaMetricsSettings(url=victoria.url, name="grafana"))
    info = SeriesInfo(0, SeriesKey.of("db-07", "system.cpu", {"mode": "user"}), MINUTE)
    store.name_series(lambda _: [info])
    times = MONDAY + np.arange(5) * MINUTE
    store.append(Samples(np.zeros(5, np.int64), times, np.arange(5.0)))
    store.append(Samples(np.zeros(1, np.int64), times[:1], np.array([9.0])))
    numbers = {"risk": 25.0, "breach_probability": 0.5, "hours_to_limit": 3.0, "anomaly_score": 4.0}
    store.publish([Result("db-07", MONDAY // 1_000_000, numbers, "system.cpu")])
    store.flush()
    yield store
    store.close()


@pytest.mark.parametrize(("title", "expression"), expressions())
def test_each_expression_of_the_dashboard_finds_the_samples(filled, title, expression):
    for name, value in (("$asset", "db-07"), ("$metric", "system.cpu"), ("$__interval", "5m")):
        expression = expression.replace(name, value)
    found = filled._server.query(expression, MONDAY // 10**9 + 250)
    assert len(found) >= 1, title


def test_each_yaml_of_the_guide_is_a_configuration(tmp_path):
    text = (ROOT / "docs/guide/stores.md").read_text()
    blocks = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    assert len(blocks) == 4
    for block in blocks:
        path = tmp_path / "config.yaml"
        lines = block.replace("env:AIOPS_INFLUX_TOKEN", "env:HOME")
        path.write_text(yaml.safe_dump(yaml.safe_load(lines)))
        assert load(path).store.directory == "data"


def test_the_influx_dashboard_asks_for_what_the_store_writes():
    text = (ROOT / "deploy/grafana/influxdb.json").read_text()
    json.loads(text)
    for word in ('r._measurement == \\"aiops\\"', "r.asset", "r.metric"):
        assert word in text


def test_the_guide_says_of_every_line_of_the_checker_where_it_was_run():
    text = (ROOT / "docs" / "guide" / "stores.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([a-z ]+?)(?: \(.*?\))? \| (?:not )?run", text, re.MULTILINE)
    lines = [check.__name__.removeprefix("_check_").replace("_", " ") for check in CHECKS]
    assert told == [*lines, "outage", "reopening"]
