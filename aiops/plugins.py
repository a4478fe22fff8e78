"""The one door to plug-ins: entry point → package → module → ``PLUGIN``.

The core never imports a shelf. A package named by an entry point of the group
``aiops.<family>`` carries ``FAMILY = "<family>"``; its sub-modules are listed by name and
imported one by one, only when the configuration mentions them.
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from aiops.contracts.errors import PluginError, UnknownPlugin
from aiops.contracts.plugin import CONTRACT_VERSION, AnyPlugin, Plugin

FAMILIES: Final = (
    "collectors",
    "detectors",
    "forecasts",
    "dashboards",
    "stores",
    "ticket_systems",
    "executors",
)


@dataclass(frozen=True, slots=True)
class PluginName:
    """Where a plug-in is to be found, before anything of it is imported."""

    family: str
    name: str
    module: str
    distribution: str


def list_names(family: str) -> dict[str, PluginName]:
    """Returns every plug-in of a family by name, importing only the packages themselves.

    Raises:
        PluginError: Two packages offer the same name, or a package is not what its entry
            point says.
    """
    if family not in FAMILIES:
        msg = f"there is no plug-in family {family!r}; families are {', '.join(FAMILIES)}"
        raise UnknownPlugin(msg)
    found: dict[str, PluginName] = {}
    for candidate in _candidates(family):
        other = found.get(candidate.name)
        if other is not None:
            msg = (
                f"{family}: {candidate.name!r} is offered by both {other.module} and "
                f"{candidate.module}; uninstall one of the two"
            )
            raise PluginError(msg)
        found[candidate.name] = candidate
    return dict(sorted(found.items()))


def load(family: str, name: str) -> AnyPlugin:
    """Imports one plug-in.

    Raises:
        PluginError: It does not exist (with the nearest name), its optional library is
            missing (with the extra to install), or it exports no valid ``PLUGIN``.
    """
    names = list_names(family)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names)}"
        msg = f"{family}: no plug-in is called {name!r}{hint}"
        raise UnknownPlugin(msg)
    module_name = names[name].module
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        msg = f"{family}: {name} cannot be imported ({error}); {_extra_hint(module_name)}"
        raise PluginError(msg) from error
    plugin = getattr(module, "PLUGIN", None)
    if not isinstance(plugin, Plugin):
        msg = f"{family}: {module_name} exports no PLUGIN = Plugin(...)"
        raise PluginError(msg)
    if plugin.contract != CONTRACT_VERSION:
        msg = (
            f"{family}: {name} is written for contract {plugin.contract}, this program has "
            f"{CONTRACT_VERSION}; install a matching version"
        )
        raise PluginError(msg)
    return plugin


def create(family: str, name: str, settings: object) -> object:
    """Builds an instance of a plug-in.

    Raises:
        PluginError: Its optional library is missing.
    """
    plugin = load(family, name)
    try:
        return plugin.create(settings)
    except ImportError as error:
        extra = plugin.extra or name
        msg = (
            f"{family}: {name} needs a library that is not installed ({error.name}); "
            f"run: pip install 'aiops[{extra}]'"
        )
        raise PluginError(msg) from error


@cache
def _entries(family: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Returns who brings plug-ins; read once, for it opens a file of every installed package."""
    found = entry_points(group=f"aiops.{family}")
    return tuple(sorted(found, key=lambda entry: (entry.value, entry.name)))


def _candidates(family: str) -> Iterator[PluginName]:
    for entry in _entries(family, tuple(sys.path)):
        package = importlib.import_module(entry.value)
        mark = getattr(package, "FAMILY", None)
        if mark != family:
            msg = (
                f"{family}: the package {entry.value!r} at {package.__file__} is not ours or "
                f"not a shelf (FAMILY is {mark!r}); another package of that name shadows it"
            )
            raise PluginError(msg)
        distribution = entry.dist.name if entry.dist else "?"
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                path = f"{entry.value}.{module.name}"
                yield PluginName(family, module.name, path, distribution)


def _extra_hint(module_name: str) -> str:
    short = module_name.rpartition(".")[2]
    return f"if it needs an optional library, run: pip install 'aiops[{short}]'"
