"""A small bundle with known failures, replayed by the installed command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

AIOPS = Path(sys.executable).with_name("aiops")
REPORT_KEYS = {
    "assets", "samples", "failures", "warned", "missed", "false_incidents",
    "false_per_asset_month", "precision", "recall", "lead_time_hours", "window_hours",
    "breach_brier", "cost", "incidents", "seconds",
}  # fmt: skip


def write_bundle(folder: Path) -> Path:
    """Two volumes fill in four days and fail, one stays; hourly samples."""
    folder.mkdir()
    (folder / "assets.csv").write_text("asset,kind\nvol-1,volume\nvol-2,volume\nvol-3,volume\n")
    (folder / "metrics.csv").write_text("metric,unit,kind,bad_direction,limit\nused,1,gauge,up,1\n")
    rows = ["time,asset,metric,value"]
    for hour in range(24 * 5):
        at = f"2026-03-{2 + hour // 24:02}T{hour % 24:02}:00:00Z"
        wobble = 0.004 * ((hour * 7) % 5)
        filled = min(1.0, hour / 96)
        values = (filled + wobble * (filled < 1), min(1.0, filled * 0.98 + wobble), 0.4 + wobble)
        rows += [f"{at},vol-{n},used,{value:.4f}" for n, value in enumerate(values, 1)]
    (folder / "samples.csv").write_text("\n".join(rows) + "\n")
    (folder / "failures.csv").write_text(
        "asset,time,kind\nvol-1,2026-03-06T00:00:00Z,full\nvol-2,2026-03-06T02:00:00Z,full\n"
    )
    return folder


def replay(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [AIOPS, "replay", bundle, *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_a_bundle_replayed_twice_is_the_same_but_for_its_seconds(tmp_path):
    bundle = write_bundle(tmp_path / "bundle")
    reports = []
    for run in ("one", "two"):
        out = tmp_path / f"{run}.json"
        done = replay(bundle, "--out", str(out), "--html", str(tmp_path / f"{run}.html"))
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(out.read_text()))
    first, second = reports
    assert set(first) == REPORT_KEYS
    assert first.pop("seconds") > 0
    second.pop("seconds")
    assert first == second
    assert (first["failures"], first["warned"], first["missed"]) == (2, 2, 0)
    assert {i["asset"] for i in first["incidents"] if i["kind"] == "predictive"} >= {"vol-1"}
    assert first["false_incidents"] == 0
    assert (tmp_path / "one.html").read_text() == (tmp_path / "two.html").read_text()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("failures.csv", "asset,time,kind\nnobody,2026-03-06T00:00:00Z,full\n", "'nobody'"),
        ("failures.csv", "asset,time,kind\nvol-1,yesterday,full\n", "row 2"),
        (
            "failures.csv",
            "asset,time,kind\nvol-1,2026-03-06T00:00:00Z,full\nvol-1,2026-03-06T00:00:00Z,full\n",
            "row 3: tells row 2 a second time",
        ),
        (
            "failures.csv",
            "asset,time,kind\nvol-1,2020-03-06T00:00:00Z,full\n",
            "row 2: 2020-03-06T00:00:00+00:00 lies before the first sample of 'vol-1'",
        ),
        ("metrics.csv", "metric,unit,kind,bad_direction,colour\nused,1,gauge,up,red\n", "'colour'"),
        ("samples.csv", "time,asset,metric,value\n2026-03-02T00:00:00Z,vol-1,used,full\n", "row 2"),
        (
            "samples.csv",
            "time,asset,metric,value\n2026-03-02T00:00:00Z,vol-1,used,1\n2026-03-02T00:00:00Z,vol-1,,1\n",
            "row 3, column metric: is empty",
        ),
    ],
)
def test_a_wrong_bundle_names_file_and_place_and_writes_nothing(tmp_path, file, text, said):
    bundle = write_bundle(tmp_path / "bundle")
    (bundle / file).write_text(text)
    out = tmp_path / "report.json"
    done = replay(bundle, "--out", str(out))
    assert done.returncode == 2
    assert file in done.stderr
    assert said in done.stderr
    assert not out.exists()
