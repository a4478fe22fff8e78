"""What a source told, under the keys of the assets it counts for."""

from collections.abc import Container, Mapping
from dataclasses import replace

from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset, Edge
from aiops.domain.series import SeriesKey

SOURCE_LABEL = "source"


def key_of(key: str, renamed: Mapping[str, str]) -> str:
    """Returns the key under which an asset, or the part of a renamed one, counts.

    >>> key_of("10.0.0.7/interface:eth0", {"10.0.0.7": "db-07"})
    'db-07/interface:eth0'
    """
    whole = key
    while whole not in renamed:
        whole = whole.rpartition("/")[0]
        if not whole:
            return key
    return renamed[whole] + key[len(whole) :]


def rename_series(
    key: SeriesKey, source: str, renamed: Mapping[str, str], merged: Container[str]
) -> SeriesKey:
    """Returns the key of a source's series; one of a merged asset says whose it is."""
    asset = key_of(key.asset, renamed)
    if asset == key.asset:
        return key
    labels = dict(key.labels)
    if _is_merged(key.asset, merged):
        labels.setdefault(SOURCE_LABEL, source)
    return SeriesKey.of(asset, key.metric, labels)


def restore_series(key: SeriesKey, source: str, asset: str, seen: str) -> SeriesKey | None:
    """Returns the key that a source's series of a merged asset had before; None for others'."""
    own = (SOURCE_LABEL, source)
    if own not in key.labels or key_of(key.asset, {asset: ""}) == key.asset:
        return None
    labels = tuple(label for label in key.labels if label != own)
    return SeriesKey(key_of(key.asset, {asset: seen}), key.metric, labels)


def join_inventory(
    told: Inventory,
    renamed: Mapping[str, str],
    described: Container[str],
    limited: Container[tuple[str, str]],
) -> Inventory:
    """Returns the inventory under the keys of assets; who named an asset first describes it.

    Args:
        described: Keys of assets that other sources see too.
        limited: Asset and metric of limits that other sources know.
    """
    assets = []
    for asset in told.assets:
        key = key_of(asset.key, renamed)
        if key == asset.key:
            assets.append(_depending(asset, renamed))
        elif key not in described:
            assets.append(_depending(replace(asset, key=key, name=_name(asset, key)), renamed))
    limits = [replace(limit, asset=key_of(limit.asset, renamed)) for limit in told.limits]
    return replace(
        told,
        assets=tuple(assets),
        limits=tuple(
            new
            for old, new in zip(told.limits, limits, strict=True)
            if new.asset == old.asset or (new.asset, new.metric) not in limited
        ),
        edges=tuple(
            Edge(key_of(edge.source, renamed), key_of(edge.target, renamed)) for edge in told.edges
        ),
    )


def _depending(asset: Asset, renamed: Mapping[str, str]) -> Asset:
    return replace(
        asset,
        parent=key_of(asset.parent, renamed) if asset.parent else "",
        depends_on=tuple(key_of(target, renamed) for target in asset.depends_on),
    )


def _name(asset: Asset, key: str) -> str:
    """The name of a part begins with the key of its whole."""
    whole, new = asset.key.rpartition("/")[0], key.rpartition("/")[0]
    if whole and asset.name.startswith(whole):
        return new + asset.name[len(whole) :]
    return asset.name


def _is_merged(key: str, merged: Container[str]) -> bool:
    while key:
        if key in merged:
            return True
        key = key.rpartition("/")[0]
    return False
