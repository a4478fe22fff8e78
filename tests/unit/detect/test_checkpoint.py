"""Saved states that come back, or are known to be damaged."""

from datetime import UTC, datetime

import numpy as np

from aiops.detect.checkpoint import (
    Kept,
    load_checkpoint,
    read_state,
    save_checkpoint,
    write_state,
)
from aiops.domain.state import State
from aiops.ledger.open import open_ledger

STATE = State("robust 1", {"level": np.arange(3.0), "seen": np.zeros((3, 2), dtype=bool)})
KEPT = Kept(np.array([4, 5, 9]), STATE, {"members": np.arange(8).reshape(2, 4)})


def test_a_saved_state_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "robust" / "1.npz"
    write_state(path, KEPT)
    kept = read_state(path, "robust 1")
    assert kept.ids.tolist() == [4, 5, 9]
    assert kept.beside["members"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    state = kept.state
    assert state.arrays["level"].tobytes() == STATE.arrays["level"].tobytes()
    assert state.arrays["seen"].dtype == bool


def test_a_damaged_state_is_no_state_and_no_exception(tmp_path):
    path = tmp_path / "1.npz"
    write_state(path, KEPT)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:length])
        assert read_state(path, "robust 1") is None, length
    known = 0
    for i in range(len(whole)):
        flipped = bytearray(whole)
        flipped[i] ^= 0xFF
        path.write_bytes(bytes(flipped))
        known += read_state(path, "robust 1") is None
    assert known > len(whole) / 2


def test_the_state_before_stands_in_for_a_damaged_newest_one(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", datetime(2026, 1, 5, tzinfo=UTC))
    for end in (100, 200, 300):
        save_checkpoint(ledger, tmp_path, "detect", "step=60s", end, KEPT)
    newest = tmp_path / "detect" / "robust_1" / "step=60s" / "300.npz"
    newest.write_bytes(newest.read_bytes()[:50])
    assert load_checkpoint(ledger, "detect", "robust 1", "step=60s")[1] == 200
    newest.unlink()
    assert load_checkpoint(ledger, "detect", "robust 1", "step=60s")[1] == 200
    ledger.close()
