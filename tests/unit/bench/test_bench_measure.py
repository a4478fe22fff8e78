"""What the figures are made of."""

from pathlib import Path

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from aiops.bench import detect, exposition, forecast, once, peer_detectors, run, store
from aiops.bench.fleet import LIMITED, fleet_panel, generate
from aiops.bench.measure import Figure, Stopwatch, in_turns
from aiops.cli import build

KEYS = {"stage", "work", "cpu_seconds", "floor", "floor_cpu_seconds", "ratio"}


def burn(times: int) -> None:
    for _ in range(times):
        np.sort(np.arange(20_000)[::-1])


def test_a_ratio_is_the_work_over_its_floor():
    assert Figure("a", "w", 3.0, "f", 2.0).row() == {
        "stage": "a",
        "work": "w",
        "cpu_seconds": 3.0,
        "floor": "f",
        "floor_cpu_seconds": 2.0,
        "ratio": 1.5,
    }


def test_a_table_marks_what_is_over_its_goal():
    over, under = Figure("a", "w", 3.0, "f", 2.0, 1.0), Figure("b", "w", 1.0, "f", 2.0, 1.0)
    lines = run.table(run.Result([over, under])).splitlines()
    assert [line.endswith("over") for line in lines if line[0] in "ab"] == [True, False]


def test_every_work_is_called_once_more_than_it_is_measured():
    calls: list[str] = []
    in_turns(lambda: calls.append("a"), lambda: calls.append("b"), rounds=2)
    assert calls == ["a", "b"] * 3


def test_a_watched_method_is_counted_and_answers_as_before():
    class Part:
        kept = 7

        def work(self, times: int) -> int:
            burn(times)
            return times

    watch = Stopwatch()
    part = watch.watch(Part(), {"work": "named"})
    assert (part.work(3), part.kept) == (3, 7)
    assert watch.seconds["named"] > 0


def test_the_same_seed_gives_the_same_fleet_and_some_of_it_fills_up():
    one, two = (fleet_panel(generate(500), 0, 30) for _ in range(2))
    assert np.array_equal(one.values, two.values)
    fleet = generate(500)
    rising = {fleet.keys[i].metric for i in np.flatnonzero(fleet.slope > 0)}
    assert rising == {LIMITED}


def test_cells_made_at_once_and_one_by_one_are_on_one_scale():
    fleet = generate(10)
    together = fleet.values(np.arange(60), 1)
    alone = fleet.values(np.array([59]), 1)
    assert np.abs(together[:, 59] - alone[:, 0]).max() < 0.2


@pytest.mark.parametrize(
    "measure", [store.measure_reads, detect.measure, forecast.measure, exposition.measure]
)
def test_every_group_gives_rows_of_the_workbench(measure, tmp_path: Path):
    for figure in measure(20, 60, tmp_path):
        assert figure.row().keys() == KEYS
        assert figure.cpu_seconds > 0
        assert figure.floor_cpu_seconds > 0


def test_peers_of_the_detector_are_held_against_the_whole_stage(tmp_path: Path):
    pytest.importorskip("pyod", exc_type=ImportError)
    found = peer_detectors.measure(20, 200, tmp_path)
    assert [figure.stage for figure in found] == ["peer.pyod_iforest", "peer.prophet_band"]
    assert all(figure.ratio > 1 for figure in found)


def test_a_day_of_the_pipeline_names_every_stage(tmp_path: Path):
    stages = {figure.stage for figure in once.measure(10, 60, tmp_path)}
    assert stages >= {
        "once.collect",
        "once.detect_read",
        "once.detect_update",
        "once.forecast",
        "once.risk",
        "once.ledger",
        "once.everything",
        "minute.everything",
    }


def test_the_command_writes_the_file_and_prints_the_table(tmp_path: Path):
    out = tmp_path / "bench.json"
    arguments = ["bench", "--series", "10", "--points", "60", "--only", "forecast"]
    ended = CliRunner().invoke(build(), [*arguments, "--out", str(out)])
    assert ended.exit_code == 0, ended.output
    written = orjson.loads(out.read_bytes())
    assert [row["stage"] for row in written["stages"]] == ["forecast.screen"]
    assert written["stages"][0].keys() == KEYS
    assert written["machine"]["cores"] >= 1
    assert "forecast.screen" in ended.stdout


def test_a_group_that_is_not_there_is_refused_with_those_that_are():
    ended = CliRunner().invoke(build(), ["bench", "--only", "speed"])
    assert ended.exit_code == 2
    assert "reads, ingest" in " ".join(ended.output.split())
