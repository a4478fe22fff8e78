"""Who gets a new incident, and which earlier ones it is like."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiops.domain.asset import Asset
from aiops.domain.decision import Reason
from aiops.domain.incident import (
    Incident,
    IncidentKind,
    IncidentState,
    Outcome,
    OutcomeKind,
    Stage,
    Transition,
    incident_key,
)
from aiops.domain.series import SeriesKey
from aiops.incident.similar import find_similar
from aiops.incident.team import Teams

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def asset_of(key):
    return Asset(key, kind="database" if key.startswith("db") else "press")


def incident(asset, metric, number=0, **known):
    at = NOW + timedelta(hours=number)
    start = Incident(
        incident_key("i", asset, metric, number),
        IncidentKind.REACTIVE,
        asset,
        SeriesKey.of(asset, metric),
        IncidentState.OPEN,
        Stage.ACT,
        at,
        at,
        number=number,
        sentence={"en": f"{asset}: {metric} is unusual"},
    )
    return replace(start, **known)


def past(count=320):
    found = []
    for n in range(count):
        asset, metric, who = (
            (f"db-{n % 5}", "lag", "dba") if n % 2 else (f"press-{n % 5}", "oil", "shop")
        )
        found.append(
            incident(asset, metric, n, state=IncidentState.CLOSED, closed_at=NOW, assignee=who)
        )
    return found


def test_the_owner_of_the_asset_goes_before_what_was_learnt():
    told = Teams().assign(incident("db-1", "lag", owner="night"), asset_of("db-1"))
    assert told.owner == "night"
    assert told.evidence["dispatch"] == {"team": "night", "by": "owner"}


def test_without_an_owner_the_team_is_learnt_from_whom_people_gave_such_incidents():
    teams = Teams()
    teams.learn(past(), asset_of, NOW)
    told = teams.assign(incident("db-9", "lag", 900), asset_of("db-9"))
    assert told.owner == "dba"
    assert told.evidence["dispatch"]["by"] == "model"


def test_what_is_like_nothing_before_is_left_to_a_person():
    teams = Teams()
    teams.learn(past(), asset_of, NOW)
    stranger = incident("q", "zz", 901, sentence={"en": "?"})
    told = teams.assign(stranger, Asset("q", kind="comet"))
    assert told.evidence["dispatch"]["by"] == "abstained"
    assert not told.owner


def test_few_assigned_incidents_teach_nothing():
    teams = Teams()
    teams.learn(past(20), asset_of, NOW)
    told = teams.assign(incident("db-9", "lag", 902), asset_of("db-9"))
    assert not told.owner
    assert "dispatch" not in told.evidence


def test_the_incident_most_like_it_stands_first_with_what_ended_it():
    mended = replace(
        incident("db-1", "lag", 3, state=IncidentState.CLOSED, closed_at=NOW + timedelta(hours=5)),
        outcome=Outcome(OutcomeKind.HAPPENED, NOW),
        transitions=(
            Transition(NOW, IncidentState.CLOSED, Reason.BY_PERSON, "ada", "index was missing"),
        ),
    )
    others = [mended, incident("press-1", "oil", 4, state=IncidentState.CLOSED, closed_at=NOW)]
    (found,) = find_similar(incident("db-2", "lag", 9), others, asset_of)
    assert (found["display"], found["fixed"]) == ("INC-3", "index was missing")
    assert (found["outcome"], found["hours"]) == ("happened", 2.0)


def test_open_incidents_and_itself_are_not_what_it_is_like():
    one = incident("db-1", "lag", 3)
    closed = replace(one, state=IncidentState.CLOSED, closed_at=NOW)
    assert find_similar(one, [closed], asset_of) == []
    assert find_similar(one, [incident("db-1", "lag", 4)], asset_of) == []


def test_what_another_team_noted_is_not_told():
    closed = incident("db-1", "lag", 3, state=IncidentState.CLOSED, closed_at=NOW, owner="dba")
    fresh = incident("db-2", "lag", 9, owner="shop")
    assert find_similar(fresh, [closed], asset_of) == []
    assert len(find_similar(replace(fresh, owner="dba"), [closed], asset_of)) == 1
