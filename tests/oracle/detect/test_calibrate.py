"""Slow, obvious twins of the compiled loops."""

import numpy as np

from aiops.detect import calibrate, decide, linger


def slow_tails(raw):
    """Ranks each score among all before it; below the peaks only, where no tail is fitted."""
    answers = []
    for t, value in enumerate(raw):
        above = sum(1 for past in raw[:t] if past > value)
        answers.append(np.log10((t + 1) / (above + 0.5)) if t else 0.0)
    return np.array(answers)


def test_below_the_peaks_the_tail_is_the_rank_within_a_bin_width():
    rng = np.random.default_rng(0)
    raw = rng.exponential(2.0, 3000)
    _, tail = calibrate.update(calibrate.start(1), raw[None, :])
    slow = slow_tails(raw)
    bulk = (np.arange(3000) > 1000) & (slow < 1.5)
    assert bulk.sum() > 1000
    assert np.abs(tail[0, bulk] - slow[bulk]).max() < 0.35


def test_the_peaks_kept_are_the_largest_scores_when_no_two_are_of_one_event():
    rng = np.random.default_rng(1)
    raw = rng.exponential(0.01, 2000) + (np.arange(2000) % 40 == 0) * rng.exponential(3.0, 2000)
    state, _ = calibrate.update(calibrate.start(1), raw[None, :])
    kept = state.arrays["peaks"][0]
    np.testing.assert_array_equal(kept, np.sort(kept))
    assert set(kept) <= set(np.sort(raw)[-60:].astype(np.float32))


def test_beyond_the_peaks_the_answer_does_not_saturate():
    raw = np.concatenate([np.random.default_rng(2).exponential(1.0, 1000), [50, 100, 200]])
    _, tail = calibrate.update(calibrate.start(1), raw[None, :])
    assert tail[0, 1000] < tail[0, 1001] < tail[0, 1002]


def test_alerts_are_the_records_of_the_last_cells():
    rng = np.random.default_rng(3)
    strength = rng.exponential(2.0, (1, 1500))
    zeros = np.zeros_like(strength)
    times = np.arange(1500, dtype=np.int64)
    _, found = decide.update(
        decide.start(1), strength, zeros, zeros, zeros, times, at_least=np.array([99.0])
    )
    for t in range(1500):
        block = t // decide.BLOCK_CELLS
        begin = max(0, (block - decide.BLOCKS) * decide.BLOCK_CELLS)
        if t % decide.BLOCK_CELLS == 0:
            begin = max(0, (block - decide.BLOCKS - 1) * decide.BLOCK_CELLS)
        record = strength[0, t] > np.float32(strength[0, begin:t].max(initial=0.0))
        wanted = strength[0, t] if record and strength[0, t] >= decide.FLOOR else 0.0
        assert found.alert[0, t] == wanted


def test_lingering_is_the_largest_of_all_decayed_scores():
    raw = np.random.default_rng(4).exponential(1.0, (1, 300))
    _, lasting = linger.update(linger.start(1), raw, half_life=10.0)
    keep = 0.5 ** (1 / 10.0)
    slow = [max(raw[0, s] * keep ** (t - s) for s in range(t + 1)) for t in range(300)]
    np.testing.assert_allclose(lasting[0], slow)
