"""When a source is due."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops.collect.schedule import MAX_BACKOFF_INTERVALS, Schedule

_NOW = datetime(2026, 1, 5, tzinfo=UTC)


def _at(seconds):
    return _NOW + timedelta(seconds=seconds)


def test_the_first_run_comes_within_two_seconds():
    for name in ("a", "b", "db-07"):
        assert 100.0 <= Schedule.start(name, 60.0, 100.0).due <= 102.0


def test_runs_fall_in_the_middle_of_the_interval_and_stay_there():
    schedule = Schedule.start("a", 10.0, 0.0)
    monotonic = schedule.due
    for _ in range(50):
        schedule = schedule.skipped(_at(monotonic + 0.2), monotonic + 0.2)
        phase = _at(schedule.due).timestamp() % 10
        assert 2.5 <= phase <= 7.5
        assert schedule.due - monotonic >= 5.0
        monotonic = schedule.due
    assert schedule.due == pytest.approx(schedule.phase % 10 + 10 * (schedule.due // 10))


def test_two_names_have_two_phases():
    assert Schedule.start("a", 10.0, 0.0).phase != Schedule.start("b", 10.0, 0.0).phase


def test_failures_double_the_wait_up_to_sixteen_intervals():
    schedule = Schedule.start("a", 2.0, 0.0)
    waits = []
    monotonic = schedule.due
    for _ in range(8):
        schedule = schedule.skipped(_at(monotonic), monotonic)
        schedule = schedule.after(_at(monotonic), monotonic, failed=True)
        waits.append((schedule.due - monotonic) / 2.0)
        monotonic = schedule.due
    assert waits[1:] == pytest.approx([2**n for n in (1, 2, 3, 4, 4, 4, 4)])
    assert max(waits) <= MAX_BACKOFF_INTERVALS + 0.5
    schedule = schedule.after(_at(monotonic), monotonic, failed=False)
    assert schedule.failures == 0


def test_a_cured_source_is_read_again_within_a_minute():
    schedule = Schedule.start("a", 15.0, 0.0)
    for _ in range(20):
        monotonic = schedule.due
        schedule = schedule.after(_at(monotonic), monotonic, failed=True)
        assert schedule.due - monotonic < 60


def test_a_wall_clock_step_moves_the_next_run_by_less_than_an_interval():
    schedule = Schedule.start("a", 60.0, 0.0).skipped(_at(0), 0.0)
    for step in (-86_400, -7, 7, 3600 * 24 * 400 + 11):
        moved = schedule.skipped(_at(step), 100.0)
        assert 30.0 <= moved.due - 100.0 <= 90.0


def test_a_source_is_granted_the_wait_it_asks_for_up_to_sixteen_intervals():
    schedule = Schedule.start("a", 10.0, 0.0)
    for asked, granted in ((60.0, 60.0), (86_400.0, 160.0)):
        assert schedule.after(_at(0), 0.0, failed=True, asked=asked).due == pytest.approx(granted)
