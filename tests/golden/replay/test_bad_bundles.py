"""Recordings that are broken, hostile or merely odd, and what `aiops replay` says of them."""

import gzip
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.config import default
from aiops.contracts.errors import InputError
from aiops.daemon.history import History, pieces_of
from aiops.domain.abstention import Abstention
from aiops.domain.step import HOUR
from aiops.replay.bundle import read_bundle
from aiops.replay.drive import replay
from aiops.replay.tables import read_table
from aiops.store.open import open_store

HEAD = "time,asset,metric,value\n"
START = datetime(2026, 3, 2, tzinfo=UTC)


def at(hours):
    return (START + timedelta(hours=hours)).isoformat()


def row(hours, value, asset="vol"):
    return f"{at(hours)},{asset},used,{value}\n"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "bundle"
    made.mkdir()
    (made / "assets.csv").write_text("asset,kind\nvol,volume\nbeside,volume\n")
    (made / "metrics.csv").write_text("metric,unit,kind,bad_direction,limit\nused,1,gauge,up,1\n")
    (made / "failures.csv").write_text("asset,time,kind\n")
    return made


def read(folder, text):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "samples.csv").write_bytes(data)
    return read_bundle(folder)


def values(bundle):
    batch = bundle.batch
    return [
        (batch.series[r].asset, int(t) // 10**9 - int(START.timestamp()), float(v))
        for r, t, v in zip(batch.rows, batch.times, batch.values, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),  # V1
        (HEAD, "holds no samples"),
        (row(0, 1), "there is no column 'asset'"),  # no header: a row is taken for one
        (HEAD.replace(",", ";") + row(0, 1).replace(",", ";"), "separated by ';'"),
        ((HEAD + row(0, 1)).encode("utf-16"), "is not UTF-8"),
        (HEAD + f"{at(0)},vol,used,1,2\n", "row 2: has 5 cells"),  # V2
        (HEAD + row(0, 1) + f'"{at(1)},vol,used,1\n', "row 3: a quote is opened"),
        (HEAD + f"{at(0)},vol,used,1\x002\n", "row 2"),
        (HEAD + f"{at(0)},vol,used,{'9' * 70_000}\n", "row 2"),
        (HEAD + f'{at(0)},vol,used,"1,5"\n', "row 2, column value: '1,5' is no number"),  # V3
        (HEAD + f'{at(0)},vol,used,"1,000.5"\n', "row 2"),
        (HEAD + f"{at(0)},vol,used,#DIV/0!\n", "row 2"),
        (HEAD + f"{at(0)},vol,used,∞\n", "row 2"),
        (HEAD + "02/03/2026,vol,used,1\n", "row 2, column time: '02/03/2026'"),  # V4
        (HEAD + "2025-02-29T00:00:00Z,vol,used,1\n", "row 2, column time"),
        (HEAD + row(0, 1) + "1767225600,vol,used,1\n", "row 3, column time"),
        (HEAD + "1767225600000,vol,used,1\n", "column time holds integers"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(folder, text, said):
    with pytest.raises(InputError) as refused:
        read(folder, text)
    problem = " ".join(refused.value.problems)
    assert "samples.csv" in problem
    assert said in problem
    assert len(problem) < 2_000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_line_end_are_no_fault(folder, end):  # V1
    bundle = read(folder, ("\ufeff" + HEAD + row(0, 1) + row(1, 2)).replace("\n", end))
    assert values(bundle) == [("vol", 0, 1.0), ("vol", 3600, 2.0)]


def test_words_for_a_missing_value_are_missing_and_never_zero(folder):  # V3
    rows = [row(n, word) for n, word in enumerate(("", "NA", "N/A", "-", "null", "1e-1"))]
    assert values(read(folder, HEAD + "".join(rows))) == [("vol", 5 * 3600, 0.1)]


def test_a_bomb_is_refused_before_it_unfolds(folder, monkeypatch):  # V1
    monkeypatch.setattr("aiops.replay.tables._UNFOLDED", 1 << 24)
    with gzip.open(folder / "samples.csv.gz", "wb", compresslevel=9) as bomb:
        bomb.write(HEAD.encode())
        for _ in range(64):
            bomb.write(b"\n" * (1 << 20))
    with pytest.raises(InputError, match="unfolds"):
        read_bundle(folder)


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "missing"])
def test_what_is_no_file_is_refused_by_name(tmp_path, kind):  # V6
    path = tmp_path / "samples.csv"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=r"samples\.csv: (is no file|there is no such file)"):
        read_table(str(path))


def test_rows_in_any_order_are_sorted_and_of_repeated_times_the_last_counts(folder):  # V5
    rows = [row(2, 0.3), row(0, 0.1), row(1, 0.2), row(1, 0.25), row(2, 0.3)]
    found = values(read(folder, HEAD + "".join(rows)))
    assert [time for _, time, _ in found] == sorted(time for _, time, _ in found)
    assert {time: value for _, time, value in found} == {0: 0.1, 3600: 0.25, 7200: 0.3}


def test_a_gap_of_ten_years_is_kept_and_not_filled(folder, tmp_path):  # V5
    bundle = read(folder, HEAD + "".join(row(n, 0.2) for n in (0, 1, 24 * 3652, 24 * 3652 + 1)))
    base = default()
    store = replace(
        base.store, directory=str(tmp_path / "data"), retention=timedelta(days=365 * 20)
    )
    settings = replace(base, store=store, collect=replace(base.collect, sources=()))
    now = START + timedelta(hours=24 * 3652 + 2)
    history = History(settings, now)
    pieces = pieces_of(bundle.batch, bundle.inventory, HOUR, {}, "m")
    assert history.take("past", pieces, lambda _share: None).samples == 4
    history.close()
    opened = open_store(store, tmp_path / "data")
    start = int(START.timestamp()) * 10**9
    panel = opened.panel(np.array([0]), start, start + 24 * 3653 * HOUR, timedelta(hours=1))
    opened.close()
    assert np.flatnonzero(np.isfinite(panel.values[0])).tolist() == [0, 1, 24 * 3652, 24 * 3652 + 1]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row(0, 0.97)], Abstention.SHORT_HISTORY),
        ([row(n, 0.97) for n in range(3)], Abstention.SHORT_HISTORY),
    ],
)
def test_one_row_is_not_enough_and_that_is_said(folder, rows, why):  # V5
    told = replay(read(folder, HEAD + "".join(rows)), default())
    assert told.report["incidents"] == []
    assert set(told.kept.reason.tolist()) == {why}


def test_a_constant_column_opens_nothing(folder):  # V5
    rows = [row(n, 0.97) for n in range(24 * 4)]
    assert replay(read(folder, HEAD + "".join(rows)), default()).report["incidents"] == []
