"""Entries of the configuration win over what sources say."""

from datetime import timedelta

from aiops.config.assets import find_repair_lead, matches, override_asset
from aiops.config.settings import AssetSettings
from aiops.domain.asset import Asset, Location


def test_an_entry_changes_only_what_it_states():
    asset = Asset("db-07", kind="host", site="Mainz", depends_on=("net",))
    entry = AssetSettings("db-*", location=Location.EDGE, depends_on=())
    assert override_asset(asset, [entry]) == Asset(
        "db-07", kind="host", site="Mainz", location=Location.EDGE, depends_on=()
    )


def test_an_asset_no_entry_is_meant_for_stays_the_same_object():
    asset = Asset("web-1")
    assert override_asset(asset, [AssetSettings("db-*", owner="dba")]) is asset


def test_a_later_entry_wins():
    entries = [AssetSettings("*", criticality=0.2), AssetSettings("db-*", criticality=0.8)]
    assert override_asset(Asset("db-1"), entries).criticality == 0.8
    assert override_asset(Asset("web-1"), entries).criticality == 0.2


def test_a_key_with_brackets_is_met_by_itself():
    assert matches(AssetSettings("rack[1]"), "rack[1]")


def test_patterns_reach_into_parts_and_mind_case():
    assert matches(AssetSettings("*/volume:/data"), "db-07/volume:/data")
    assert not matches(AssetSettings("DB-*"), "db-07")


def test_the_repair_lead_of_the_last_matching_entry_counts():
    entries = [
        AssetSettings("*", repair_lead=timedelta(hours=1)),
        AssetSettings("db-*", repair_lead=timedelta(hours=8)),
        AssetSettings("db-*", owner="dba"),
    ]
    assert find_repair_lead("db-1", entries, timedelta(hours=4)) == timedelta(hours=8)
    assert find_repair_lead("web", entries, timedelta(hours=4)) == timedelta(hours=1)
    assert find_repair_lead("web", [], timedelta(hours=4)) == timedelta(hours=4)
