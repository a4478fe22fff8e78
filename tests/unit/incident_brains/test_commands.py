import json
from pathlib import Path

import pandas as pd
import pytest

from aiops.cli import build
from aiops.contracts.errors import InputError


def run(*arguments: object) -> None:
    build()([str(a) for a in arguments], standalone_mode=False)


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.csv"
    path.write_text(
        "time,entity,signal\n"
        "2026-01-01T00:00:10Z,app,slow\n2026-01-01T00:00:00Z,db,full\n2026-01-01T09:00:00Z,app,slow\n"
    )
    (tmp_path / "edges.csv").write_text("source,target\napp,db\napp,store\n")
    return path


def test_correlate_writes_every_row_once_with_causes_and_a_sentence(alerts, tmp_path):
    out = tmp_path / "out.json"
    run("try", "correlate", alerts, "--topology", tmp_path / "edges.csv", "--out", out)
    incidents = json.loads(out.read_text())
    assert sorted(row for incident in incidents for row in incident["alerts"]) == [0, 1, 2]
    assert incidents[0]["start"] == "2026-01-01T00:00:00Z"
    assert set(incidents[0]) == {"start", "end", "alerts", "causes", "sentence"}
    assert set(incidents[0]["causes"][0]) == {"entity", "score", "reason"}


def test_correlate_without_rows_writes_an_empty_list(tmp_path):
    (tmp_path / "a.csv").write_text("time,entity,signal\n")
    run("try", "correlate", tmp_path / "a.csv", "--out", tmp_path / "o.json")
    assert json.loads((tmp_path / "o.json").read_text()) == []


def test_plain_steps_stay_integers(tmp_path):
    (tmp_path / "a.csv").write_text("time,entity,signal\n3,a,x\n4,a,x\n")
    run("try", "correlate", tmp_path / "a.csv", "--out", tmp_path / "o.json")
    [incident] = json.loads((tmp_path / "o.json").read_text())
    assert (incident["start"], incident["end"]) == (3, 4)


def test_an_unknown_or_missing_column_is_named_and_nothing_is_written(tmp_path):
    (tmp_path / "a.csv").write_text("time,entity,colour\n3,a,x\n")
    out = tmp_path / "o.json"
    with pytest.raises(InputError, match="'signal'") as caught:
        run("try", "correlate", tmp_path / "a.csv", "--out", out)
    assert any("'colour' is not known" in line for line in caught.value.problems)
    assert not out.exists()


def metrics(tmp_path: Path) -> Path:
    rows = [
        (f"2026-01-01T00:{minute:02d}:00Z", entity, "latency", 1.0 + 0.1 * (minute % 3) + bump)
        for minute in range(20)
        for entity, bump in (("app", 0.0), ("db", 5.0 if minute >= 15 else 0.0))
    ]
    frame = pd.DataFrame(rows, columns=["timestamp", "entity", "metric", "value"])
    frame.to_csv(tmp_path / "m.csv", index=False)
    return tmp_path / "m.csv"


@pytest.mark.parametrize("at", [["--at", "2026-01-01T00:15:00Z"], []])
def test_rootcause_ranks_every_entity_once(tmp_path, at):
    out = tmp_path / "causes.csv"
    run("try", "rootcause", metrics(tmp_path), *at, "--out", out)
    causes = pd.read_csv(out)
    assert causes["rank"].tolist() == [1, 2]
    assert causes["entity"].tolist() == ["db", "app"]
    assert list(causes) == ["rank", "entity", "metric", "score", "reason"]


def test_rootcause_refuses_a_time_of_another_clock(tmp_path):
    with pytest.raises(InputError, match="--at"):
        run("try", "rootcause", metrics(tmp_path), "--at", "12", "--out", tmp_path / "c.csv")


def test_dispatch_learns_and_assigns(tmp_path):
    past = pd.DataFrame({"text": ["disk is full again", "link is down again"] * 20})
    past["team"] = ["storage", "network"] * 20
    past.to_csv(tmp_path / "past.csv", index=False)
    new = pd.DataFrame({"text": ["the disk", "the link"], "team": ["ignored", ""]})
    new.to_parquet(tmp_path / "new.parquet")
    model, out = tmp_path / "model", tmp_path / "labels.csv"
    run("try", "dispatch", "fit", tmp_path / "past.csv", "--label", "team", "--out", model)
    run("try", "dispatch", "predict", model, tmp_path / "new.parquet", "--out", out)
    labels = pd.read_csv(out)
    assert labels["label"].tolist() == ["storage", "network"]
    assert list(labels) == ["row", "label", "confidence", "second", "third", "abstained"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,team\n", "no ticket has a label"),
        ("text,team\nx y,\n", "no ticket has a label"),
        ("text\nx\n", "no column 'team'"),
        ("team\nx\n", "no column but"),
    ],
)
def test_dispatch_says_what_training_data_lack(tmp_path, content, said):
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(InputError, match=said):
        run(
            "try", "dispatch", "fit", tmp_path / "p.csv", "--label", "team", "--out", tmp_path / "m"
        )
    assert not (tmp_path / "m").exists()


def test_predicting_no_tickets_writes_the_header(tmp_path):
    (tmp_path / "p.csv").write_text("text,team\ndisk full,a\nlink down,b\n")
    (tmp_path / "n.csv").write_text("text\n")
    run("try", "dispatch", "fit", tmp_path / "p.csv", "--label", "team", "--out", tmp_path / "m")
    run(
        "try",
        "dispatch",
        "predict",
        tmp_path / "m",
        tmp_path / "n.csv",
        "--out",
        tmp_path / "o.csv",
    )
    assert pd.read_csv(tmp_path / "o.csv").empty
