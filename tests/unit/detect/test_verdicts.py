"""What people say of incidents reaches a method that heeds it, once, also over a restart."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from aiops.contracts.ledger import Window
from aiops.detect.fleet import DetectFleet
from aiops.detect.settings import DetectSettings
from aiops.detect.stage import DetectStage
from aiops.detect.verdicts import given
from aiops.detect.windows import Due
from aiops.domain.incident import IncidentKind, Member, MemberSource, Outcome, OutcomeKind
from aiops.domain.instant import from_ns
from aiops.domain.series import SeriesKey
from aiops.ledger.open import open_ledger
from aiops.testing.ledger import example_incident
from tests.unit.detect.watched import MINUTE, START, Watched

CELLS = 1600
KEY = SeriesKey("a", "temperature")


class One(Watched):
    """One series at one minute."""

    def __init__(self, ledger):
        super().__init__(ledger, [KEY], np.random.default_rng(4).normal(size=(1, CELLS)))


@pytest.fixture
def ledger(tmp_path):
    one = open_ledger(f"sqlite:///{tmp_path}/ledger.db", datetime(2026, 1, 5, tzinfo=UTC))
    yield one
    one.close()


def fleet_of(ledger, seen, detector="auto"):
    settings = DetectSettings(detector=detector)
    return DetectFleet(
        ledger, DetectStage.of(settings), settings, lambda step: 60 * step, seen.panel
    )


def run(fleet, seen, first, last):
    start, end = START + first * MINUTE, START + last * MINUTE
    due = Due(MINUTE, seen.infos, start, end, end, forecast=False)
    fleet.update(due, fleet.read(due, seen))
    with fleet.ledger.begin() as tx:
        tx.put_window(Window(due.shard, "detect", end))
    fleet.commit(due)


def judged(method, kind, at, by="ada"):
    """An incident that began on an anomaly of the series, with an outcome at a cell."""
    began = from_ns(START + 1200 * MINUTE)
    return replace(
        example_incident("a", 1),
        kind=IncidentKind.REACTIVE,
        predicted=None,
        current=None,
        series=KEY,
        members=(Member(KEY, MemberSource.ANOMALY, began),),
        evidence={"method": method},
        outcome=Outcome(kind, from_ns(START + at * MINUTE), by=by),
    )


def told(fleet):
    return fleet._shards[MINUTE].state.arrays["detector.told"][0]


def test_a_verdict_counts_in_the_window_in_which_it_was_given_and_never_again(ledger):
    seen = One(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, 1400)
    with ledger.begin() as tx:
        tx.put_incident(judged(fleet.stage.version, OutcomeKind.FALSE, 1430))
    run(fleet, seen, 1400, 1420)
    assert told(fleet).sum() == 0
    run(fleet, seen, 1420, 1440)
    assert told(fleet)[0].tolist() == [0, 1]
    run(fleet, seen, 1440, 1460)
    assert told(fleet)[0].tolist() == [0, 1]


def test_a_restart_counts_it_in_the_same_window(ledger, tmp_path):
    seen = One(ledger)
    fleet = fleet_of(ledger, seen)
    run(fleet, seen, 0, 1400)
    fleet.save(tmp_path)
    with ledger.begin() as tx:
        tx.put_incident(judged(fleet.stage.version, OutcomeKind.HAPPENED, 1410))
    run(fleet, seen, 1400, 1420)
    again = fleet_of(ledger, seen)
    again.load(seen)
    assert told(again)[0].tolist() == [1, 0]
    for name, array in fleet._shards[MINUTE].state.arrays.items():
        assert array.tobytes() == again._shards[MINUTE].state.arrays[name].tobytes(), name


@pytest.mark.parametrize(
    ("method", "kind", "by"),
    [
        ("other+stage", OutcomeKind.FALSE, "ada"),
        ("auto", OutcomeKind.FALSE, "rule"),
        ("auto", OutcomeKind.EXPIRED, "ada"),
    ],
)
def test_what_is_no_verdict_of_a_person_on_the_method_does_not_count(ledger, method, kind, by):
    infos = One(ledger).infos
    end = from_ns(START + CELLS * MINUTE)
    assert len(given([judged(method, kind, 30, by)], infos, "auto", from_ns(START), end)) == 0
    right = judged("auto", OutcomeKind.AVERTED, 30)
    assert given([right], infos, "auto", from_ns(START), end).right.tolist() == [True]


def test_a_method_that_heeds_nothing_goes_on(ledger):
    seen = One(ledger)
    fleet, other = fleet_of(ledger, seen, "ewma"), fleet_of(ledger, seen, "ewma")
    run(fleet, seen, 0, 100)
    with ledger.begin() as tx:
        tx.put_incident(judged(fleet.stage.version, OutcomeKind.FALSE, 50))
    run(other, seen, 0, 100)
    for name, array in fleet._shards[MINUTE].state.arrays.items():
        assert array.tobytes() == other._shards[MINUTE].state.arrays[name].tobytes(), name
