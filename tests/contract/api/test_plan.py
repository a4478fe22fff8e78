"""What if, over HTTP and by the command."""

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from aiops.domain.access import Role
from aiops.domain.asset import Viewer
from tests.contract.api.world import DISK, client_of, make_world, serve

AIOPS = Path(sys.executable).with_name("aiops")
PATH = "/api/v1/plan"


def test_a_plan_is_told_by_series_and_by_date_and_as_a_table():
    service = make_world()
    asked = f"{PATH}?metric={DISK}&growth=2&add=5%25&days=14&every=7"
    with serve(service) as base, client_of(base, service.token(Role.VIEWER)) as client:
        found = client.get(asked).json()
        table = client.get(f"{asked}&format=csv")
    assert len(found["fleet"]) == 2
    assert found["items"]
    assert len(found["items"]) % 2 == 0
    assert {row["signal"].partition("{")[0] for row in found["items"]} == {DISK}
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["asset"] for row in rows] == [row["asset"] for row in found["items"]]
    assert list(rows[0]) == list(found["items"][0])


@pytest.mark.parametrize(
    "query",
    [
        "growth=-1",
        "growth=nan",
        "days=0",
        "days=3&every=7",
        "add=200GB",
        f"metric={DISK}&add=200GB",
        "metric=nothing&add=1",
        "colour=red",
    ],
)
def test_what_cannot_be_supposed_is_told(query):
    service = make_world()
    with serve(service) as base, client_of(base, service.token(Role.VIEWER)) as client:
        answered = client.get(f"{PATH}?{query}")
    assert answered.status_code == 422
    assert answered.json()["detail"]


def test_a_plan_holds_only_what_the_caller_may_see():
    service = make_world()
    nobody = Viewer("nobody", teams=frozenset({"no-such-team"}))
    with serve(service) as base, client_of(base, service.token(Role.VIEWER, nobody)) as client:
        assert client.get(PATH).json()["items"] == []


def test_the_command_plans_over_the_store(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "assets.csv").write_text("asset,kind\nvol-1,volume\n")
    (bundle / "metrics.csv").write_text(
        "metric,unit,kind,bad_direction,limit\nused,By,gauge,up,1000000000000\n"
    )
    (bundle / "failures.csv").write_text("asset,time,kind\n")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows = ["time,asset,metric,value"]
    for hour in range(24 * 13):
        at = now - timedelta(hours=24 * 13 - hour)
        rows.append(f"{at.isoformat()},vol-1,used,{600e9 + hour * 1e9}")
    (bundle / "samples.csv").write_text("\n".join(rows) + "\n")
    config = tmp_path / "config.yaml"
    config.write_text(f"store: {{directory: {tmp_path / 'data'}}}\ncollect: {{sources: []}}\n")

    def run(*arguments):
        return subprocess.run(
            [AIOPS, *arguments, "--config", config],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    done = run("import", "past", "--bundle", bundle)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "plan.csv"
    arguments = ("--growth", "2", "--metric", "used", "--add", "50GB", "--days", "12", "--every")
    done = run("plan", *arguments, "4", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "1 series with a limit" in done.stdout
    table = pd.read_csv(out)
    assert table["asset"].tolist() == ["vol-1"] * 3
    assert (table["p50_supposed"] > table["p50"]).all()
    wrong = run("plan", "--metric", "used", "--add", "5%")
    assert wrong.returncode == 2
    assert "is no amount of the unit By" in wrong.stderr
