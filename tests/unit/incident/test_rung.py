"""A new incident stands where its method has come to on the ladder."""

from dataclasses import replace
from datetime import timedelta

from aiops.domain.incident import Stage
from aiops.incident.open import open_predictive
from tests.unit.incident.test_decide import NOW, OPENING, crossing


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
