"""What a source says of itself, completed by what is configured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from aiops.collect.settings import SourceSettings
from aiops.contracts.collector import Inventory
from aiops.domain.asset import Asset, Edge, Location
from aiops.domain.selector import selects


class AssetOverride(Protocol):
    """What is known better here than at the source; None leaves the source's word."""

    @property
    def match(self) -> str:
        """Key of an asset, or a shell pattern of keys."""

    @property
    def name(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def kind(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def site(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def location(self) -> Location | None: ...  # noqa: D102  # as in Asset
    @property
    def time_zone(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def criticality(self) -> float | None: ...  # noqa: D102  # as in Asset
    @property
    def owner(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def service(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def parent(self) -> str | None: ...  # noqa: D102  # as in Asset
    @property
    def depends_on(self) -> tuple[str, ...] | None: ...  # noqa: D102  # as in Asset


_FIELDS = (
    "name", "kind", "site", "location", "time_zone",
    "criticality", "owner", "service", "parent", "depends_on",
)  # fmt: skip
_INHERITED = ("site", "location", "time_zone", "criticality", "owner", "service")
_PLAIN = Asset("")


def complete_inventory(
    inventory: Inventory, source: SourceSettings, overrides: Sequence[AssetOverride] = ()
) -> Inventory:
    """Returns the inventory with defaults of its source and overrides by asset.

    The order, later wins: the collector, the source's settings where the collector said
    nothing, overrides whose pattern fits, in their order. What an asset was not told by any of
    these it takes from its parent.
    """
    stated = {asset.key: _state(asset, source, overrides) for asset in inventory.assets}
    assets = tuple(_inherit(asset.key, stated) for asset in inventory.assets)
    edges = dict.fromkeys(inventory.edges)
    edges |= {Edge(asset.key, target): None for asset in assets for target in asset.depends_on}
    return replace(inventory, assets=assets, edges=tuple(edges))


def _state(
    asset: Asset, source: SourceSettings, overrides: Sequence[AssetOverride]
) -> tuple[Asset, frozenset[str]]:
    """Returns the asset and which of its inherited fields somebody has stated."""
    stated = {name for name in _INHERITED if getattr(asset, name) != getattr(_PLAIN, name)}
    changes: dict[str, Any] = {
        name: value
        for name in ("site", "location", "time_zone", "owner", "service")
        if name not in stated and (value := getattr(source, name))
    }
    for override in overrides:
        if selects(override.match, asset.key):
            known = {name: getattr(override, name) for name in _FIELDS}
            changes |= {name: value for name, value in known.items() if value is not None}
    return replace(asset, **changes), frozenset(stated | changes.keys())


def _inherit(key: str, stated: dict[str, tuple[Asset, frozenset[str]]]) -> Asset:
    asset, known = stated[key]
    changes: dict[str, Any] = {}
    seen = {key}
    parent = asset.parent
    while parent in stated and parent not in seen:
        seen.add(parent)
        above, above_known = stated[parent]
        for name in _INHERITED:
            if name not in known and name not in changes and name in above_known:
                changes[name] = getattr(above, name)
        parent = above.parent
    return replace(asset, **changes) if changes else asset
