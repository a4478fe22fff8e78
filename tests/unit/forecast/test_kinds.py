"""Which kind of failure is on its way."""

import numpy as np

from aiops.domain.lives import Lives
from aiops.forecast.life.kinds import Kinds


def lives_of(*drifts, rows=40, noise=0.02):
    """Each unit drifts from 0 by the given amounts."""
    draw = np.random.default_rng(0)
    share = np.linspace(0, 1, rows)[:, None]
    values = [share * np.array(drift) + draw.normal(0, noise, (rows, 3)) for drift in drifts]
    count = len(drifts)
    return Lives(
        tuple(f"unit-{k}" for k in range(count)),
        np.arange(count + 1) * rows,
        np.tile(np.arange(rows, dtype=float), count),
        np.concatenate(values),
        ("vibration", "temperature", "pressure"),
        np.zeros(count, dtype=bool),
    )


BEARING, SEAL = (1.0, 0.3, 0.0), (0.0, 0.2, -1.0)
PAST = lives_of(*[BEARING] * 4, *[SEAL] * 3)
ENDED = ["bearing"] * 4 + ["seal"] * 3


def test_a_unit_is_of_the_kind_whose_cases_drifted_the_same_way():
    alive = lives_of((0.4, 0.1, 0.0), (0.0, 0.05, -0.3))
    assert Kinds.of(PAST, ENDED).tell(alive) == ["bearing", "seal"]


def test_a_unit_that_drifts_both_ways_or_not_at_all_is_of_no_clear_kind():
    alive = lives_of((0.5, 0.3, -0.5), (0.0, 0.0, 0.0), noise=0.0)
    assert Kinds.of(PAST, ENDED).tell(alive) == ["", ""]


def test_a_kind_that_was_seen_twice_is_none():
    seldom = Kinds.of(PAST, ["bearing"] * 5 + ["seal"] * 2)
    assert seldom.names == ("bearing",)
    nothing = Kinds.of(lives_of(BEARING, SEAL), ["bearing", "seal"])
    assert nothing.tell(lives_of(BEARING)) == [""]


def test_a_sensor_that_is_silent_says_nothing():
    alive = lives_of((0.5, 0.1, 0.0))
    alive.values[:, 2] = np.nan
    assert Kinds.of(PAST, ENDED).tell(alive) == ["bearing"]
