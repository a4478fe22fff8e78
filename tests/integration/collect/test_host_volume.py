"""A real small filesystem that is mounted, filled, emptied and taken away."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from collectors.host import PLUGIN

_NAME = "system.filesystem.utilization"


@pytest.fixture
def mounted(tmp_path):
    point = tmp_path / "small"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=64", "tmpfs", str(point)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"not run: no mount command ({error})")
    if done.returncode:
        pytest.skip(f"not run: a tmpfs cannot be mounted here ({done.stderr.strip()})")
    yield point
    subprocess.run(["umount", str(point)], capture_output=True, check=False)


def _read(collector):
    batch = collector.collect({}, datetime.now(UTC), timedelta(seconds=60)).batch
    rows = zip(batch.rows.tolist(), batch.values.tolist(), strict=True)
    return {(batch.series[row].asset, batch.series[row].metric): value for row, value in rows}


def test_a_volume_fills_is_emptied_and_goes(mounted):
    collector = PLUGIN.create(PLUGIN.settings(asset="h", include_mounts=(str(mounted),)))
    volume = f"h/volume:{mounted}"
    assert _read(collector)[volume, _NAME] == 0.0
    (mounted / "half").write_bytes(b"x" * (2 << 20))
    assert _read(collector)[volume, _NAME] == pytest.approx(0.5)
    with pytest.raises(OSError, match="No space"):
        (mounted / "rest").write_bytes(b"x" * (4 << 20))
    assert _read(collector)[volume, _NAME] == pytest.approx(1.0)
    limits = {(limit.asset, limit.metric): limit.fail for limit in collector.discover().limits}
    assert limits[volume, _NAME] == 1.0
    (mounted / "half").unlink()
    (mounted / "rest").unlink()
    for number in range(200):
        try:
            (mounted / f"file{number}").touch()
        except OSError:
            break
    values = _read(collector)
    assert values[volume, _NAME] == pytest.approx(0.0)
    assert values[volume, "system.filesystem.inodes.utilization"] == pytest.approx(1.0)
    subprocess.run(["umount", str(mounted)], check=True)
    assert (volume, _NAME) not in _read(collector)
    assert volume not in {asset.key for asset in collector.discover().assets}


def test_a_volume_mounted_while_running_is_found_at_once(tmp_path, mounted):
    collector = PLUGIN.create(
        PLUGIN.settings(asset="h", include_mounts=(f"{tmp_path}/*",), exclude_mounts=("*/small",))
    )
    later = tmp_path / "later"
    later.mkdir()
    assert not [key for key in _read(collector) if key[0].endswith("later")]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(later)], check=True)
    try:
        assets = {asset for asset, _ in _read(collector)}
    finally:
        subprocess.run(["umount", str(later)], check=False)
    assert f"h/volume:{later}" in assets
    assert f"h/volume:{mounted}" not in assets
