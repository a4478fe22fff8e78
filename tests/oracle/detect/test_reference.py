"""The reference of an asset against the plain computation over all cells at once."""

import numpy as np
import pytest

from aiops.detect import reference

PLACES = np.arange(6)[None, :]


def asset(cells, seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(2, cells))
    mix = rng.normal(size=(6, 2))
    return mix @ hidden + 0.1 * rng.normal(size=(6, cells)) + 1e6


def test_energy_after_freezing_is_the_residual_outside_the_main_directions():
    values = asset(64 * 12)
    state, _, _ = reference.update(reference.start(1, 6), values, PLACES)
    state = reference.freeze(state)
    fresh = asset(50, seed=3)
    _, energy, deviations = reference.update(state, fresh, PLACES)
    scale = values.std(axis=1) + 0.01 * np.ptp(values, axis=1)
    far = ((fresh.T - values.mean(axis=1)) / scale).clip(-50, 50)
    known = (values.T - values.mean(axis=1)) / scale
    energies, directions = np.linalg.eigh(known.T @ known / len(known))
    order = np.argsort(energies)[::-1]
    kept = int(np.searchsorted(np.cumsum(energies[order]) / energies.sum(), 0.9)) + 1
    main = directions[:, order[:kept]]
    left = np.sort(energies)[: 6 - kept].sum() / 6
    slow = ((far - far @ main @ main.T) ** 2).mean(axis=1) / left
    slow += ((far @ main) ** 2 / energies[order[:kept]]).mean(axis=1)
    np.testing.assert_allclose(energy[0], slow, rtol=1e-5)
    np.testing.assert_allclose(deviations, np.abs(far).T, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 7, 64, 200])
def test_energy_does_not_depend_on_how_cells_are_cut(size):
    values = asset(700)
    values[2, 100:300] = np.nan
    values[4] = 3.0
    _, whole, _ = reference.update(reference.start(1, 6), values, PLACES)
    state, parts = reference.start(1, 6), []
    for at in range(0, 700, size):
        state, energy, _ = reference.update(state, values[:, at : at + size], PLACES)
        parts.append(energy[0])
    np.testing.assert_allclose(np.concatenate(parts), whole[0], rtol=0)


def test_metrics_that_leave_their_common_way_have_energy():
    values = asset(64 * 20)
    state, before, _ = reference.update(reference.start(1, 6), values, PLACES)
    broken = asset(50, seed=3)
    broken[0] = broken[0][::-1]
    _, energy, _ = reference.update(state, broken, PLACES)
    assert energy.mean() > 10 * np.nanmean(before[0, 64 * 10 :])
