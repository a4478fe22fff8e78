from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.domain.event import Failure
from aiops.domain.metric import Direction
from aiops.domain.panel import Panel
from aiops.domain.series import SeriesInfo, SeriesKey
from aiops.forecast.life.stage import LifeStage, chance_within

START = datetime(2026, 1, 1, tzinfo=UTC)
START_NS = int(START.timestamp()) * 10**9
HOUR_NS = 3600 * 10**9


class Workshop:
    """Pumps that wear for about 100 hours each; the last is young, the one before it old."""

    def __init__(self, failed=5, old_age=80):
        draw = np.random.default_rng(1)
        self.lives = {f"pump-{k}": int(draw.integers(90, 111)) for k in range(failed)}
        self.failures = [Failure(a, START + timedelta(hours=n)) for a, n in self.lives.items()]
        self.now = START + timedelta(hours=150)
        self.begun = dict.fromkeys(self.lives, 0) | {"old": 150 - old_age, "young": 130}
        self.infos = [
            SeriesInfo(2 * i + j, SeriesKey(asset, metric), HOUR_NS)
            for i, asset in enumerate(self.begun)
            for j, metric in enumerate(("vibration", "ambient"))
        ]
        self.first_ns = {
            info.id: START_NS + self.begun[info.key.asset] * HOUR_NS for info in self.infos
        }

    def read(self, ids, start, end, step):
        times = np.arange(start, end, step // timedelta(microseconds=1) * 1000)
        by_id = {info.id: info for info in self.infos}
        rows = []
        for i in ids.tolist():
            asset = by_id[i].key.asset
            age = (times - START_NS) / HOUR_NS - self.begun[asset]
            life = self.lives.get(asset, 100)
            noise = np.random.default_rng(i).normal(0, 0.01, len(times))
            wear = noise + ((age / life) if by_id[i].key.metric == "vibration" else 0)
            rows.append(np.where((age >= 0) & (age <= life), wear, np.nan))
        return Panel.of(np.stack(rows), times, step, ids)


def test_an_old_asset_is_foreseen_before_a_young_one():
    shop = Workshop()
    stage = LifeStage(shop.read, horizon=timedelta(hours=40))
    told = {
        c.series.asset: c
        for c in stage.foresee(shop.infos, shop.first_ns, shop.failures, shop.now)
        if c.series.asset in {"old", "young"}
    }
    assert told["old"].probability > 0.7
    assert told["young"].probability < 0.3
    assert told["old"].early <= told["old"].likely <= told["old"].late
    assert abs(told["old"].likely - (shop.now + timedelta(hours=20))) < timedelta(hours=15)
    assert told["old"].direction is Direction.DOWN


def test_nothing_is_told_before_enough_have_failed():
    shop = Workshop(failed=4)
    stage = LifeStage(shop.read)
    assert stage.foresee(shop.infos, shop.first_ns, shop.failures, shop.now) == []


def test_a_failure_that_has_not_happened_yet_teaches_nothing():
    shop = Workshop()
    stage = LifeStage(shop.read)
    early = START + timedelta(hours=85)
    assert stage.foresee(shop.infos, shop.first_ns, shop.failures, early) == []


def test_assets_with_other_signals_are_another_kind():
    shop = Workshop()
    other = SeriesInfo(99, SeriesKey("fan", "speed"), HOUR_NS)
    told = LifeStage(shop.read).foresee(
        [*shop.infos, other], {**shop.first_ns, 99: START_NS}, shop.failures, shop.now
    )
    assert "fan" not in {c.series.asset for c in told}


@pytest.mark.parametrize(("hours", "chance"), [(10, 0.1), (20, 0.5), (40, 0.9), (1e6, 0.99)])
def test_chances_go_through_the_quantiles(hours, chance):
    assert chance_within(np.array([10.0, 20.0, 40.0]), hours) == pytest.approx(chance, abs=1e-6)


def test_signals_that_never_change_leave_age_to_tell():
    shop = Workshop()

    def read(ids, start, end, step):
        panel = shop.read(ids, start, end, step)
        flat = np.where(panel.usable, 1.0, np.nan)
        return Panel.of(flat, panel.times, step, ids)

    told = {
        c.series.asset: c
        for c in LifeStage(read).foresee(shop.infos, shop.first_ns, shop.failures, shop.now)
    }
    assert told["old"].method == "ages/1"
    assert told["old"].likely < told["young"].likely


def test_what_is_told_says_how_many_failures_taught_it_and_which_kind_is_on_its_way():
    shop = Workshop()
    told = LifeStage(shop.read).foresee(shop.infos, shop.first_ns, shop.failures, shop.now)
    old = next(c for c in told if c.series.asset == "old")
    assert old.learnt_from == 5
    assert old.failure == "failure"
