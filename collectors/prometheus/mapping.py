"""How a known exporter's names become assets, OpenTelemetry names and derived ratios."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.contracts.errors import PluginError
from aiops.domain.identity import Identity, IdentityKind, identify, identify_host
from aiops.domain.metric import Direction, Metric

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """An asset below the target, named by labels.

    Attributes:
        suffix: Template of the key after ``<target>/``, such as ``volume:{mountpoint}``.
        skip: Label name to values for which there is no such asset.
        once_per: A label of which every ``/``-path value belongs to one asset only, so that a
            device that is mounted twice is one volume.
    """

    kind: str
    suffix: str
    skip: Mapping[str, frozenset[str]] = field(default_factory=dict)
    skip_prefix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    once_per: str = ""


@dataclass(frozen=True, slots=True)
class Rename:
    """One exposed metric under its OpenTelemetry name; labels not kept are consumed."""

    source: str
    metric: Metric
    thing: Thing | None = None
    labels: Pairs = ()
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """Summed samples of one exposed metric, narrowed to some values of a label."""

    source: str
    label: str = ""
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Derived:
    """A metric computed from several of one scrape.

    Attributes:
        formula: Takes the inputs in order; None where it says nothing.
        increase: The inputs are counters, of which the increase since the last scrape counts.
        fail, warn: The limit that comes with it.
    """

    metric: Metric
    inputs: tuple[Input, ...]
    formula: Callable[..., float | None]
    thing: Thing | None = None
    labels: Pairs = ()
    increase: bool = False
    fail: float | None = None
    warn: float | None = None
    direction: Direction = Direction.UP


@dataclass(frozen=True, slots=True)
class Told:
    """A label by which the target is known to other sources too.

    Attributes:
        kind: None: an id of the host, whatever it is.
        skip_prefix: Label name to beginnings of values that make it somebody else's.
    """

    source: str
    label: str
    kind: IdentityKind | None
    skip_prefix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def read(self, target: str, labels: Mapping[str, str]) -> tuple[Identity, ...]:
        """Returns the identifier; none where the labels do not tell it."""
        if any(labels.get(name, "").startswith(p) for name, p in self.skip_prefix.items()):
            return ()
        value = labels.get(self.label, "")
        if self.kind is None:
            return identify_host(target, value)
        return identify(target, self.kind, value)


@dataclass(frozen=True, slots=True)
class ExporterMapping:
    """All that is known of one exporter.

    Attributes:
        markers: An endpoint that exposes one of these is this exporter.
        prefixes: Metrics so named are its own: those not named here are left out.
    """

    name: str
    markers: frozenset[str]
    prefixes: tuple[str, ...]
    renames: tuple[Rename, ...]
    derived: tuple[Derived, ...]
    target_kind: str = "host"
    told: tuple[Told, ...] = ()


_PACKAGE: Final = "collectors.prometheus.mappings"


def list_mappings() -> list[str]:
    """Returns the names of the mappings that come with the collector."""
    package = importlib.import_module(_PACKAGE)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def load_mappings(name: str) -> tuple[ExporterMapping, ...]:
    """Returns the mappings that the setting allows: all for ``auto``, none for ``none``.

    Raises:
        PluginError: There is no mapping of that name.
    """
    if name == "none":
        return ()
    names = list_mappings()
    if name != "auto" and name not in names:
        raise PluginError(
            f"mapping: there is no {name!r}; there are auto, none, {', '.join(names)}"
        )
    chosen = names if name == "auto" else [name]
    return tuple(importlib.import_module(f"{_PACKAGE}.{one}").MAPPING for one in chosen)
