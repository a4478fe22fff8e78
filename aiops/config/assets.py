"""What the configuration knows of assets better than their sources."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import timedelta
from fnmatch import fnmatchcase

from aiops.config.settings import AssetSettings
from aiops.domain.asset import Asset

_OVERRIDABLE = tuple(each.name for each in fields(Asset) if each.name != "key")


def override_asset(asset: Asset, entries: Iterable[AssetSettings]) -> Asset:
    """Returns the asset with what matching entries say; later entries win.

    >>> entries = [AssetSettings("db-*", owner="dba"), AssetSettings("db-07", criticality=0.9)]
    >>> changed = override_asset(Asset("db-07", site="Mainz"), entries)
    >>> changed.owner, changed.criticality, changed.site
    ('dba', 0.9, 'Mainz')
    """
    stated = {
        name: value
        for entry in entries
        if matches(entry, asset.key)
        for name in _OVERRIDABLE
        if (value := getattr(entry, name)) is not None
    }
    return replace(asset, **stated) if stated else asset


def find_repair_lead(key: str, entries: Iterable[AssetSettings], otherwise: timedelta) -> timedelta:
    """Returns the time a repair of the asset needs; the last matching entry wins."""
    lead = otherwise
    for entry in entries:
        if entry.repair_lead is not None and matches(entry, key):
            lead = entry.repair_lead
    return lead


def matches(entry: AssetSettings, key: str) -> bool:
    """Whether an entry is meant for an asset; its key itself always is, brackets or not."""
    return entry.match == key or fnmatchcase(key, entry.match)
