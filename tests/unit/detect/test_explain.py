"""Why a point was an alert, or was none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from aiops.cli import build
from aiops.detect.explain import explain
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.terms import Terms
from aiops.domain.instant import to_ns
from aiops.domain.panel import Panel
from aiops.domain.series import Samples, SeriesKey
from aiops.ledger.open import open_ledger
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings

STAGE = DetectStage.of(DetectSettings())
MINUTE = 60 * 10**9


def panel_of(values):
    return Panel.of(values[None, :], np.arange(len(values)) * MINUTE, timedelta(minutes=1))


@pytest.fixture
def values():
    wave = 10 * np.sin(np.arange(3000) / 288 * 2 * np.pi)
    wave += np.random.default_rng(0).normal(size=3000)
    wave[2500:2510] += 60
    return wave


def test_the_parts_add_up_to_the_raw_score(values):
    told = explain(STAGE, panel_of(values[:2501]))
    assert sum(part for _, part in told.parts) == pytest.approx(told.raw)
    assert told.parts[0][1] == max(part for _, part in told.parts)


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        (2400, "no alert: not rare enough for the budget"),
        (2501, "an alert: it opened an event"),
        (2505, "part of an event that was open before; it goes on"),
        (30, "not judged: still learning what is normal"),
    ],
)
def test_the_verdict_is_what_the_stage_decided(values, cells, verdict):
    told = explain(STAGE, panel_of(values[:cells]))
    _, found = STAGE.score(STAGE.start(1), panel_of(values[:cells]))
    assert told.verdict == verdict
    assert told.is_open == bool(found.is_anomaly[0, -1])
    assert np.array_equal(told.score, found.score[0, -1], equal_nan=True)


def test_what_moves_the_harmless_way_is_ruled_out_by_its_terms(values):
    only_less_is_bad = replace(Terms.same(1, 0.1), bad=np.array([-1], np.int8))
    told = explain(STAGE, panel_of(values[:2501]), only_less_is_bad)
    assert told.verdict == "no alert: more than usual is not bad here"
    assert (told.strength, told.is_open) == (0.0, False)


def test_the_command_explains_a_row_of_a_file(values, tmp_path):
    path = tmp_path / "one.csv"
    pd.DataFrame({"timestamp": np.arange(3000), "load": values}).to_csv(path, index=False)
    result = CliRunner().invoke(build(), ["explain", str(path), "load", "2500"])
    assert result.exit_code == 0, result.output
    assert "an alert: it opened an event" in result.output
    assert "a new extreme" in result.output


def test_a_time_that_is_in_no_row_is_an_error_that_says_so(values, tmp_path):
    path = tmp_path / "one.csv"
    pd.DataFrame({"timestamp": np.arange(100), "load": values[:100]}).to_csv(path, index=False)
    result = CliRunner().invoke(build(), ["explain", str(path), "load", "100"])
    assert "no row has the time 100" in str(result.exception.problems)


def test_the_command_explains_a_stored_point(values, tmp_path):
    now = datetime(2026, 1, 5, tzinfo=UTC)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", now)
    ids = ledger.catalogue.ids([SeriesKey("db-07", "load")], MINUTE)
    store = open_store(StoreSettings(directory=str(tmp_path)), tmp_path, ledger.catalogue.info)
    times = to_ns(now) + np.arange(2510, dtype=np.int64) * MINUTE
    store.append(Samples(np.repeat(ids, 2510), times, values[:2510]))
    store.close()
    ledger.close()
    path = tmp_path / "config.yaml"
    path.write_text(f"store: {{directory: '{tmp_path}'}}\n")
    point = ["2026-01-06T17:40:00Z", "--config", str(path)]
    result = CliRunner().invoke(build(), ["explain", "db-07", "load", *point])
    assert result.exit_code == 0, result.output
    assert "an alert: it opened an event" in result.output
    path.write_text(
        f"store: {{directory: '{tmp_path}'}}\n"
        "detect: {overrides: [{match: 'db-*', minimum_effect: 40.0, budget: 0.5}]}\n"
    )
    result = CliRunner().invoke(build(), ["explain", "db-07", "load", *point])
    assert "no alert: it is within 40 of what is usual" in result.output
    assert "at 0.5 false alarms per series-week" in result.output
    missing = CliRunner().invoke(build(), ["explain", "db-07", "pressure", *point])
    assert "known of it: load" in str(missing.exception.problems)
