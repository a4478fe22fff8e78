"""Crashes, damaged files and full disks: on real files."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from aiops.domain.panel import Quality
from aiops.domain.series import Samples
from aiops.domain.step import DAY, MINUTE
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings
from aiops.testing.panels import MONDAY

WRITER = Path(__file__).with_name("numbered_appends.py")
IDS = np.arange(50)


def batch(number, value=None):
    times = np.full(len(IDS), MONDAY + number * MINUTE)
    return Samples(IDS, times, np.full(len(IDS), float(number if value is None else value)))


def numbers(store):
    found = store.samples(np.array([7]), MONDAY, MONDAY + DAY)
    return [int(value) for value in found.values]


@pytest.fixture
def crashed(tmp_path):
    """A store as a crash leaves it: forty batches in the log."""
    store = open_store(StoreSettings(), tmp_path / "live")
    for number in range(40):
        store.append(batch(number))
    shutil.copytree(tmp_path / "live", tmp_path / "left")
    store.close()
    return tmp_path / "left"


def test_the_log_is_replayed_after_a_crash(crashed):
    store = open_store(StoreSettings(), crashed)
    assert numbers(store) == list(range(40))
    assert store.status()["damage"] == ()
    store.close()


@pytest.mark.parametrize("where", [0.2, 0.5, 0.93])
@pytest.mark.parametrize("mutation", ["flip", "zeros", "garbage"])
def test_a_damaged_log_is_cut_and_all_before_the_damage_kept(crashed, where, mutation):
    log = crashed / "samples.duckdb.wal"
    content = bytearray(log.read_bytes())
    at = int(len(content) * where)
    if mutation == "flip":
        content[at] ^= 0x10
    else:
        width = min(4096, len(content) - at)
        content[at : at + width] = bytes(width) if mutation == "zeros" else os.urandom(width)
    log.write_bytes(content)
    store = open_store(StoreSettings(), crashed)
    kept = numbers(store)
    assert kept == list(range(len(kept)))
    assert len(kept) >= int(40 * where) - 1
    damages = store.status()["damage"]
    assert damages
    for damage in damages:
        assert (crashed / damage.kept).stat().st_size == damage.size > 0
    one_batch = len(content) // 40  # the engine itself drops a damaged last entry
    assert sum(damage.size for damage in damages) >= len(content) - at - one_batch
    store.append(batch(40))
    assert numbers(store) == [*kept, 40]
    store.close()
    again = open_store(StoreSettings(), crashed)
    assert numbers(again) == [*kept, 40]
    again.close()


@pytest.mark.parametrize("where", [0.0, 0.3, 0.77])
def test_a_log_cut_short_keeps_what_is_before_the_cut(crashed, where):
    log = crashed / "samples.duckdb.wal"
    content = log.read_bytes()
    log.write_bytes(content[: int(len(content) * where)])
    store = open_store(StoreSettings(), crashed)
    kept = numbers(store)
    assert kept == list(range(len(kept)))
    assert len(kept) >= int(40 * where) - 1
    store.append(batch(40))
    store.close()


def test_a_database_that_is_none_is_set_aside_and_closed_days_stay(crashed):
    store = open_store(StoreSettings(), crashed)
    store.rollup(MONDAY, MONDAY + 3 * DAY)
    assert store.status()["days_closed"] == 1
    store.close()
    (crashed / "samples.duckdb").write_bytes(b"junk" * 5000)
    store = open_store(StoreSettings(), crashed)
    assert numbers(store) == list(range(40))
    (damage,) = store.status()["damage"]
    assert ".corrupt-" in damage.kept
    assert (crashed / damage.kept).read_bytes() == b"junk" * 5000
    store.append(batch(41))
    store.close()


def test_a_damaged_closed_day_is_set_aside_and_other_days_are_read(tmp_path):
    store = open_store(StoreSettings(), tmp_path)
    store.append(batch(0))
    store.append(batch(1500))
    store.rollup(MONDAY, MONDAY + 9 * DAY)
    first = min((tmp_path / "closed").iterdir())
    first.write_bytes(b"junk" * 100)
    found = store.samples(np.array([7]), MONDAY, MONDAY + 3 * DAY)
    assert found.values.tolist() == [1500]
    (damage,) = store.status()["damage"]
    assert (first.parent / damage.kept).read_bytes() == b"junk" * 100
    store.close()


def test_a_closed_day_damaged_in_the_middle_is_set_aside_when_a_panel_reads_it(tmp_path):
    store = open_store(StoreSettings(), tmp_path)
    ids, cells, rng = np.arange(200), 1440, np.random.default_rng(1)
    times = np.repeat(MONDAY + np.arange(cells) * MINUTE, len(ids))
    store.append(Samples(np.tile(ids, cells), times, np.round(rng.normal(50, 10, len(times)))))
    store.append(batch(1500))
    store.rollup(MONDAY, MONDAY + 9 * DAY)
    first = min((tmp_path / "closed").iterdir())
    whole = first.read_bytes()
    at = len(whole) * 9 // 10
    first.write_bytes(whole[:at] + b"\xff" * 1000 + whole[at + 1000 :])
    panel = store.panel(ids, MONDAY, MONDAY + 2 * DAY, timedelta(minutes=1))
    assert np.argwhere(panel.quality[7] == Quality.OK).tolist() == [[1500]]
    assert len(store.status()["damage"]) == 1
    store.close()


def test_a_second_process_is_told_who_has_the_store(tmp_path):
    store = open_store(StoreSettings(), tmp_path)
    code = (
        "from pathlib import Path; import sys; from aiops.store.open import open_store;"
        "from aiops.store.settings import StoreSettings;"
        "open_store(StoreSettings(), Path(sys.argv[1]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    store.close()
    assert other.returncode == 1
    assert f"another process has it open (process {os.getpid()})" in other.stderr


def test_no_acknowledged_batch_is_lost_in_kills(tmp_path):
    following = 0
    for kill in range(4):
        writer = subprocess.Popen(
            [sys.executable, str(WRITER), str(tmp_path), str(following)], stdout=subprocess.PIPE
        )
        assert writer.stdout.readline() == b"ready\n"
        seen = [writer.stdout.readline() for _ in range(1 + 25 * kill)]
        writer.send_signal(signal.SIGKILL)
        *whole, _ = writer.communicate()[0].split(b"\n")
        acknowledged = int((seen + whole)[-1])
        store = open_store(StoreSettings(), tmp_path)
        found = store.samples(np.arange(200), MONDAY, MONDAY + DAY)
        store.close()
        stored = len(found) // 200
        assert len(found) % 200 == 0
        assert stored >= acknowledged + 1
        assert found.values[:stored].tolist() == list(range(stored))
        following = stored


def test_a_full_disk_refuses_then_works_again_without_a_restart(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(WRITER.parent)!r})\n" + FULL_DISK
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    refused, kept, after = (int(word) for word in done.stdout.split())
    assert refused > 0
    assert kept > 0
    assert after == kept + 1


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from aiops.contracts.errors import StoreError
from aiops.domain.series import Samples
from aiops.domain.step import SECOND
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings
from aiops.testing.panels import MONDAY

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(StoreSettings(), Path(sys.argv[1]))
ids = np.arange(2000)
rng = np.random.default_rng(0)

def append(number):
    store.append(Samples(ids, np.full(2000, MONDAY + number * SECOND), rng.random(2000)))

def stored():
    found = store.samples(ids[:1], MONDAY, MONDAY + 10**6 * SECOND)
    return len(found)

resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
acknowledged = refused = 0
for number in range(400):
    try:
        append(number)
        acknowledged += 1
    except StoreError:
        refused += 1
        assert stored() >= acknowledged, (stored(), acknowledged)
        if refused > 5:
            break
kept = stored()
assert kept >= acknowledged
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
append(1000)
print(refused, kept, stored())
store.close()
store = open_store(StoreSettings(), Path(sys.argv[1]))
assert stored() == kept + 1
store.close()
"""
