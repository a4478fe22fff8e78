"""Entries of the configuration say how long a repair takes."""

from datetime import timedelta

from aiops.assemble import repair_leads
from aiops.config import parse

ENTRIES = """
assets:
  - {match: "*", repair_lead: 1h}
  - {match: "db-*", repair_lead: 8h}
  - {match: "db-?", owner: dba}
  - {match: "rack[1]", repair_lead: 2h}
"""


def test_the_repair_lead_of_the_last_matching_entry_counts():
    lead = repair_leads(parse(ENTRIES, "config.yaml"))
    assert lead("db-1") == timedelta(hours=8)
    assert lead("web") == timedelta(hours=1)
    assert lead("DB-1") == timedelta(hours=1)


def test_a_key_with_brackets_is_met_by_itself():
    assert repair_leads(parse(ENTRIES, "config.yaml"))("rack[1]") == timedelta(hours=2)


def test_an_asset_no_entry_is_meant_for_has_none_of_its_own():
    assert repair_leads(parse("log: {level: info}", "config.yaml"))("web") is None
