"""`aiops try detect` in process: columns, verbatim times, problems named, nothing half written."""

import gzip

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from aiops.cli import build
from aiops.contracts.errors import InputError


def run(*words):
    result = CliRunner().invoke(build(), ["try", "detect", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def recording(tmp_path):
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2026-01-01", periods=900, freq="5min").strftime("%Y-%m-%d %H:%M:%S")
    stamps = list(stamps)
    stamps[500] = stamps[499]
    values = rng.normal(size=(900, 3))
    values[700:720, 1] += 30
    table = pd.DataFrame({"timestamp": stamps, "a": values[:, 0], "b": values[:, 1], "c": 1.0})
    path = tmp_path / "asset.csv"
    table.to_csv(path, index=False)
    return path


def test_a_row_comes_out_for_each_row_with_its_time_as_typed(recording, tmp_path):
    out = tmp_path / "scores.csv"
    run(recording, "--out", out)
    given, told = (pd.read_csv(path, dtype={"timestamp": str}) for path in (recording, out))
    assert told["timestamp"].tolist() == given["timestamp"].tolist()
    assert list(told.columns) == [
        "timestamp", "score", "alert", "is_anomaly", "score:a", "score:b", "score:c",
    ]  # fmt: skip
    assert told["alert"].notna().all()
    assert set(told["is_anomaly"]) <= {0, 1}
    assert (told["score"].dropna() >= 0).all()


def test_the_guilty_metric_ranks_first(recording, tmp_path):
    out = tmp_path / "scores.parquet"
    run(recording, "--out", out)
    event = pd.read_parquet(out).iloc[700:720]
    assert event["score:b"].mean() > 2 * event[["score:a", "score:c"]].mean().max()


def test_scores_of_a_prefix_are_the_prefix_of_the_scores(recording, tmp_path):
    cut = tmp_path / "cut.csv"
    pd.read_csv(recording, dtype=str).iloc[:610].to_csv(cut, index=False)
    run(recording, "--out", tmp_path / "whole.parquet")
    run(cut, "--out", tmp_path / "part.parquet")
    whole = pd.read_parquet(tmp_path / "whole.parquet").iloc[:610]
    pd.testing.assert_frame_equal(whole, pd.read_parquet(tmp_path / "part.parquet"))


def test_a_tree_is_scored_file_by_file_as_if_each_were_alone(recording, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "x.csv.gz").write_bytes(gzip.compress(recording.read_bytes()))
    run("--input-dir", tmp_path / "in", "--out", tmp_path / "out")
    run(recording, "--out", tmp_path / "alone.csv")
    tree = pd.read_csv(tmp_path / "out" / "deep" / "x.csv.gz")
    pd.testing.assert_frame_equal(tree, pd.read_csv(tmp_path / "alone.csv"))


def test_train_comes_first_and_is_left_out_of_the_answer(recording, tmp_path):
    table = pd.read_csv(recording, dtype=str)
    table.iloc[:600].to_csv(tmp_path / "train.csv", index=False)
    table.iloc[600:].to_csv(tmp_path / "input.csv", index=False)
    run(tmp_path / "input.csv", "--train", tmp_path / "train.csv", "--out", tmp_path / "o.csv")
    told = pd.read_csv(tmp_path / "o.csv")
    assert len(told) == 300
    assert told["score"].notna().all()


def test_plain_steps_stay_integers(tmp_path):
    path = tmp_path / "steps.csv"
    pd.DataFrame({"timestamp": range(200), "v": np.arange(200) % 7}).to_csv(path, index=False)
    run(path, "--out", tmp_path / "o.csv")
    assert pd.read_csv(tmp_path / "o.csv")["timestamp"].tolist() == list(range(200))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timestamp,v\n2026-01-01,1\n2026-01-02,x\n", ["row 3", "column v", "'x'"]),
        ("timestamp,v\nyesterday,1\n", ["row 2", "column timestamp", "yesterday"]),
        ("time,v\n2026-01-01,1\n", ["no column 'timestamp'"]),
        ("timestamp\n2026-01-01\n", ["no metric"]),
        ("timestamp,v,v\n1,2,3\n", ["'v' stands there twice"]),
        ("", ["empty"]),
    ],
)
def test_a_problem_names_file_row_and_column_and_nothing_is_written(tmp_path, text, words):
    path, out = tmp_path / "bad.csv", tmp_path / "o.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        run(path, "--out", out)
    for word in [str(path), *words]:
        assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "values",
    [
        ["", "", ""],
        ["inf", "-inf", "nan"],
        ["5"],
        [],
        ["9007199254740993", "9007199254740995"],
        ["1e308", "-1e308", "1e-308"],
        ["0", "1", "0", "1"],
    ],
)
def test_odd_values_are_scored_or_left_empty(tmp_path, values):
    path = tmp_path / "odd.csv"
    rows = "".join(f"{i},{value}\n" for i, value in enumerate(values))
    path.write_text("timestamp,v\n" + rows)
    run(path, "--out", tmp_path / "o.csv")
    assert len(pd.read_csv(tmp_path / "o.csv")) == len(values)


def test_time_going_backwards_and_equal_times_are_scored_in_the_order_given(tmp_path):
    path = tmp_path / "back.csv"
    stamps = ["2026-01-02", "2026-01-01", "2026-01-01"] * 50
    path.write_text("timestamp,v\n" + "".join(f"{s},{i}\n" for i, s in enumerate(stamps)))
    run(path, "--out", tmp_path / "o.csv")
    assert pd.read_csv(tmp_path / "o.csv")["timestamp"].tolist() == stamps


def test_an_unknown_detector_is_named_with_the_nearest_one(recording, tmp_path):
    with pytest.raises(InputError, match="did you mean 'novelty'"):
        run(recording, "--detector", "novelti", "--out", tmp_path / "o.csv")
