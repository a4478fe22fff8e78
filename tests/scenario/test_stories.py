"""Every story ends as it says."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aiops.domain.anomaly import Anomaly
from tests.scenario.player import Told, load_story, mutations_of, play, span

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))


def _parameters() -> list[Any]:
    """Stories that end otherwise today say so, and turn red on the day they end well."""
    found = []
    for path in STORIES:
        today = load_story(path).get("today")
        marks = [pytest.mark.xfail(reason=today, strict=True)] if today else []
        found.append(pytest.param(path, id=path.stem, marks=marks))
    return found


@pytest.mark.parametrize("path", _parameters())
def test_the_story_ends_as_it_says(path: Path) -> None:
    story = load_story(path)
    told = play(story)
    expect = story["expect"]
    _check_incidents(told, expect)
    _check_decisions(told, expect)
    if "sent" in expect:
        sent = sorted((told.messages[i.key] for i in told.incidents), key=str)
        assert sent == sorted(expect["sent"], key=str)
    _check_tickets(told, expect)
    if "quiet" in expect:
        after, before = (told.start + span(each) for each in expect["quiet"])
        strange = [a for a in told.anomalies if after <= a.start < before]
        assert not strange
    if "same_without" in expect:
        again = play(story, without=tuple(expect["same_without"]))
        assert told.endings == again.endings
        assert [_event(each) for each in told.anomalies] == [
            _event(each) for each in again.anomalies
        ]


def test_every_story_names_the_mutation_that_turns_it_red() -> None:
    assert len(STORIES) >= 30
    for path in STORIES:
        changed = mutations_of(load_story(path))
        assert changed, path
        for file, text in changed:
            compile(text, str(file), "exec")


def _check_incidents(told: Told, expect: dict[str, Any]) -> None:
    if "count" in expect:
        assert len(told.incidents) == expect["count"], _show(told)
    wanted = expect.get("incidents")
    if wanted is None:
        return
    assert len(told.incidents) == len(wanted), _show(told)
    for incident, want in zip(told.incidents, wanted, strict=True):
        seen = {
            "asset": incident.asset,
            "kind": incident.kind.value,
            "state": incident.state.value,
            "stage": incident.stage.value,
            "outcome": incident.outcome.kind.value if incident.outcome else "none",
            "by": incident.outcome.by if incident.outcome else "none",
            "reasons": [t.reason.value for t in incident.transitions],
            "assignee": incident.assignee,
            "category": incident.evidence.get("category", "none"),
            "members": sorted({m.series.asset for m in incident.members}),
            "cause": incident.causes[0].asset if incident.causes else "none",
            "lasting": sorted({m.series.asset for m in incident.lasting}),
        }
        for name, value in want.items():
            if name == "opened":
                after, before = (told.start + span(each) for each in value)
                assert after <= incident.opened_at <= before, _show(told)
            elif name == "range_holds":
                failed = told.start + span(value)
                prediction = incident.predicted
                slack = timedelta(hours=1)
                assert prediction.early - slack <= failed <= prediction.late + slack, _show(told)
            else:
                assert seen[name] == value, f"{name}: {_show(told)}"


def _check_tickets(told: Told, expect: dict[str, Any]) -> None:
    keys = {key for key, _ in told.tickets}
    own = {incident.key for incident in told.incidents}
    if "single_tickets" in expect:
        assert len(keys & own) == expect["single_tickets"]
        assert len(keys - own) == expect["shared_tickets"]
    if "first_message" in expect:
        assert min(at for _, at in told.tickets) >= told.start + span(expect["first_message"])


def _check_decisions(told: Told, expect: dict[str, Any]) -> None:
    for asset, wanted in expect.get("decided", {}).items():
        found = {reason for _, reason in told.decisions.get(asset, ())}
        assert set(wanted) <= found, f"{asset}: {found}"
    for asset, unwanted in expect.get("never", {}).items():
        found = {reason for _, reason in told.decisions.get(asset, ())}
        assert not set(unwanted) & found, f"{asset}: {found}"


def _event(anomaly: Anomaly) -> tuple[Any, ...]:
    # the live window keeps float32 differences from an anchor that a restart moves
    return (anomaly.series, anomaly.start, anomaly.end, anomaly.shape, round(anomaly.strength, 4))


def _show(told: Told) -> str:
    lines = [
        f"{i.asset} {i.kind.value} {i.state.value} +{i.opened_at - told.start} "
        f"{i.outcome and i.outcome.kind.value} "
        f"{i.predicted and [str(t - told.start) for t in (i.predicted.early, i.predicted.late)]} "
        f"{[(t.reason.value, str(t.at - told.start)) for t in i.transitions]}"
        for i in told.incidents
    ]
    return "\n" + "\n".join(lines)
