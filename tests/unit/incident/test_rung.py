"""A new incident stands where its method has come to on the ladder."""

from dataclasses import replace
from datetime import timedelta

from aiops.domain.abstention import Abstention
from aiops.domain.event import Failure
from aiops.domain.incident import Stage
from aiops.incident.open import open_predictive, open_reactive, open_strange
from aiops.incident.strange import member_of
from tests.unit.incident.test_decide import NOW, OPENING, crossing
from tests.unit.incident.test_strange import strange


def test_a_method_that_has_moved_opens_on_its_rung_and_another_one_at_the_start():
    asked = []

    def rung_of(method, metric, team):
        asked.append((method, metric, team))
        return Stage.ACT if method == "trend 1" else None

    opening = replace(OPENING, stage=Stage.SHADOW, rung_of=rung_of)
    foreseen = replace(crossing(), method="trend 1")
    opened = open_predictive(opening, foreseen, NOW + timedelta(minutes=1))
    other = open_predictive(opening, replace(foreseen, method="theta 1"), NOW)
    assert (opened.stage, other.stage) == (Stage.ACT, Stage.SHADOW)
    assert asked[0] == ("trend 1", foreseen.series.metric, opened.owner)


def test_an_incident_on_anomalies_stands_where_its_detector_has_come_to():
    asked = []

    def rung_of(method, metric, team):
        asked.append((method, metric, team))
        return Stage.SUGGEST if method == "default 3" else None

    opening = replace(OPENING, stage=Stage.SHADOW, rung_of=rung_of)
    group = [replace(strange("db-07"), detector="default 3")]
    opened = open_strange(opening, group, (member_of(group[0]),), 1.0, NOW)
    assert opened.stage is Stage.SUGGEST
    assert asked == [("default 3", group[0].series.metric, opened.owner)]


def test_an_incident_on_a_met_limit_stands_where_limits_have_come_to_and_a_report_at_the_start():
    def rung_of(method, metric, team):
        return Stage.SUGGEST if (method, metric) == ("limit 1", over.series.metric) else None

    over = replace(crossing(), method="limit 1", abstained=Abstention.ALREADY_OVER)
    opening = replace(OPENING, stage=Stage.SHADOW, rung_of=rung_of)
    assert open_reactive(opening, over, NOW).stage is Stage.SUGGEST
    reported = Failure(over.series.asset, NOW, "crash")
    assert open_reactive(opening, reported, NOW).stage is Stage.SHADOW
