import numpy as np
import pandas as pd
import pytest
import typer

from aiops.cli.try_forecast import register
from aiops.contracts.errors import InputError


@pytest.fixture
def run(tmp_path):
    app = typer.Typer()
    register(app)

    @app.command("other")
    def other() -> None:
        """A second command, so that the first keeps its name."""

    command = typer.main.get_command(app)

    def invoke(text, *options):
        source = tmp_path / "in.csv"
        source.write_text(text)
        out = tmp_path / "q.csv"
        words = ["forecast", str(source), "--out", str(out), *map(str, options)]
        command(words, standalone_mode=False)
        return pd.read_csv(out, dtype={"series": str})

    invoke.folder = tmp_path
    return invoke


def lines(*rows):
    return "series,timestamp,value\n" + "\n".join(",".join(map(str, row)) for row in rows) + "\n"


def daily(name, count=120, level=10.0):
    stamps = pd.date_range("2026-01-05", periods=count, freq="h", tz="UTC")
    wave = level + np.sin(np.arange(count) * 2 * np.pi / 24)
    return [(name, t.isoformat(), v) for t, v in zip(stamps, wave, strict=True)]


def test_every_series_gets_all_its_rows_in_order(run):
    table = run(lines(*daily("007"), ("lonely", "2026-01-05T00:00:00Z", 3)), "--horizon", 4)
    assert table["series"].tolist() == ["007"] * 4 + ["lonely"] * 4
    assert table["step"].tolist() == [1, 2, 3, 4] * 2
    assert table["timestamp"][0] == "2026-01-10T00:00:00Z"
    quantiles = table.filter(like="q").to_numpy()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_levels_keep_their_names_and_order(run):
    table = run(lines(*daily("a")), "--horizon", 2, "--levels", "0.90,0.5,.1")
    assert list(table.columns) == ["series", "step", "timestamp", "q0.90", "q0.5", "q.1"]
    assert (table["q0.90"] >= table["q.1"]).all()


def test_plain_steps_stay_integers(run):
    table = run(lines(*[("a", 5 * k, k) for k in range(40)]), "--horizon", 3)
    assert table["timestamp"].tolist() == [200, 205, 210]


def test_irregular_times_go_on_by_the_median_step(run):
    times = np.cumsum(np.random.default_rng(0).integers(1, 9, 41)).tolist()
    step = float(np.median(np.diff(times)))
    table = run(lines(*[("a", t, k) for k, t in enumerate(times)]), "--horizon", 2)
    assert table["timestamp"].tolist() == [round(times[-1] + step), round(times[-1] + 2 * step)]


def test_a_crossing_has_all_four_fields_or_a_reason(run):
    rising = [("up", k, 0.5 + k / 100) for k in range(60)]
    flat = [("flat", k, 0.5) for k in range(60)]
    target = run.folder / "c.csv"
    run(lines(*rising, *flat), "--horizon", 20, "--limit", 1.2, "--crossings", target)
    crossings = pd.read_csv(target).set_index("series")
    up, constant = crossings.loc["up"], crossings.loc["flat"]
    assert up["abstained"] == 0
    assert up["probability"] > 0.5
    assert 59 < up["early"] <= up["likely"] <= up["late"] <= 79
    assert constant["abstained"] == 1
    assert constant["reason"] == "the value has never changed"
    assert constant[["probability", "early", "likely", "late"]].isna().all()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("series,time,value\na,1,2\n", "no column 'timestamp'"),
        ("series,timestamp,value,colour\na,1,2,red\n", "column 'colour' is not known"),
        ("series,timestamp,value\na,soon,2\n", "row 2, column timestamp"),
        ("series,timestamp,value\na,1,much\n", "row 2, column value"),
        ("series,timestamp,value\n", "has no rows"),
    ],
)
def test_wrong_input_names_its_place_and_writes_nothing(run, text, problem):
    with pytest.raises(InputError, match=problem):
        run(text, "--horizon", 2)
    assert not (run.folder / "q.csv").exists()


def test_a_limit_without_a_file_for_its_crossings_is_refused(run):
    with pytest.raises(typer.BadParameter, match="belong together"):
        run(lines(*daily("a")), "--horizon", 2, "--limit", 3)


def test_odd_series_are_answered_beside_the_others(run):
    huge = [("huge", k, v) for k, v in enumerate([1, 2, -2e300, 3, "inf", 2, 1, 2])]
    empty = [("empty", k, "") for k in range(3)]
    table = run(lines(*huge, *empty, ("one", 5, 3)), "--horizon", 2).set_index("series")
    assert np.isfinite(table.loc["huge"].filter(like="q")).all(axis=None)
    assert table.loc["empty"].filter(like="q").isna().all(axis=None)
    assert (table.loc["one", "q0.1"] < table.loc["one", "q0.9"]).all()


def test_an_unknown_model_is_bad_usage_with_the_nearest_name(run):
    with pytest.raises(typer.BadParameter, match="did you mean 'prophet'"):
        run(lines(*daily("a")), "--horizon", 2, "--model", "protet")


def test_settings_of_the_model_come_from_the_configuration_that_names_it(run):
    config = run.folder / "own.yaml"
    config.write_text("forecast: {forecaster: pretrained, settings: {weights: /nowhere.onnx}}\n")
    with pytest.raises(typer.BadParameter, match=r"/nowhere\.onnx"):
        run(lines(*daily("a")), "--horizon", 2, "--model", "pretrained", "--config", config)
    table = run(lines(*daily("a")), "--horizon", 2, "--model", "theta", "--config", config)
    assert len(table) == 2
