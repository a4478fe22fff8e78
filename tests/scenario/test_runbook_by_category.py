"""What the pipeline says of an incident's kind of trouble chooses the runbook."""

from dataclasses import replace
from pathlib import Path

from aiops.automate.propose import fits
from aiops.automate.runbook import Selector
from aiops.domain.asset import Asset
from tests.scenario.player import load_story, play
from tests.unit.automate.scene import a_runbook

STORY = Path(__file__).parent / "stories" / "steady_fill.yaml"


def test_a_runbook_for_storage_is_proposed_with_a_disk_that_fills_and_one_for_power_is_not():
    told = play(load_story(STORY))
    (incident,) = told.incidents
    asset = Asset(incident.asset)
    runbook = a_runbook(match=Selector(categories=("storage",)))
    assert fits(runbook, incident, asset)
    assert not fits(replace(runbook, match=Selector(categories=("power",))), incident, asset)
