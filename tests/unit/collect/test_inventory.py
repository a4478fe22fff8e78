"""Defaults of a source and overrides by asset."""

from dataclasses import replace

from aiops.collect.inventory import complete_inventory
from aiops.collect.settings import SourceSettings
from aiops.config.settings import AssetSettings
from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset, Edge, Location

_SOURCE = SourceSettings(
    "s", "host", site="Berlin", location=Location.EDGE, owner="ops", time_zone="Europe/Berlin"
)
_INVENTORY = Inventory((Asset("h"), Asset("h/volume:/", "volume", parent="h")))


def _by_key(inventory):
    return {asset.key: asset for asset in inventory.assets}


def test_an_asset_that_says_nothing_takes_the_sources_word():
    asset = _by_key(complete_inventory(_INVENTORY, _SOURCE))["h"]
    assert (asset.site, asset.owner, asset.location) == ("Berlin", "ops", Location.EDGE)
    assert asset.time_zone == "Europe/Berlin"


def test_what_the_collector_says_is_kept():
    own = replace(_INVENTORY, assets=(Asset("h", site="Paris", owner="dba"),))
    asset = _by_key(complete_inventory(own, _SOURCE))["h"]
    assert (asset.site, asset.owner) == ("Paris", "dba")


def test_an_override_wins_and_the_last_one_most():
    overrides = (
        AssetSettings("h*", criticality=0.7, owner="a"),
        AssetSettings("h", owner="b", site="Rome"),
    )
    assets = _by_key(complete_inventory(_INVENTORY, _SOURCE, overrides))
    assert (assets["h"].owner, assets["h"].site, assets["h"].criticality) == ("b", "Rome", 0.7)
    assert assets["h/volume:/"].owner == "a"


def test_a_child_inherits_what_only_its_parent_was_told():
    overrides = (AssetSettings("h", criticality=0.9, service="shop"),)
    child = _by_key(complete_inventory(_INVENTORY, _SOURCE, overrides))["h/volume:/"]
    assert (child.criticality, child.service) == (0.9, "shop")


def test_a_dependency_becomes_an_edge():
    overrides = (AssetSettings("h", depends_on=("db",)),)
    assert complete_inventory(_INVENTORY, _SOURCE, overrides).edges == (Edge("h", "db"),)


def test_parents_in_a_circle_end():
    circle = Inventory((Asset("a", parent="b"), Asset("b", parent="a", owner="x")))
    assets = _by_key(complete_inventory(circle, SourceSettings("s", "host")))
    assert assets["a"].owner == "x"
