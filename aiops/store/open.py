"""Opens the configured series store."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from aiops import plugins
from aiops.contracts.store import SeriesStore
from aiops.domain.instant import duration_ns
from aiops.store.remote.naming import Describe, NamedStore
from aiops.store.sending import RemoteStore
from aiops.store.settings import StoreSettings
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore


def open_store(
    settings: StoreSettings, directory: Path, describe: Describe | None = None
) -> SeriesStore:
    """Returns the store that the settings name; one behind a network has a spool in front.

    Args:
        directory: Data directory; given to plug-ins whose settings have a ``directory`` that
            is left empty, and of the spool.
        describe: Tells what series are called, for stores that keep names beside ids.

    Raises:
        PluginError: There is no such plug-in, or its library is missing.
        StoreError: It cannot be opened.
    """
    plugin = plugins.load("stores", settings.series)
    kind = plugin.settings
    own: Any = settings.settings
    if isinstance(own, Mapping):
        own = kind(**own)
    if any(field.name == "directory" for field in fields(kind)) and not own.directory:
        own = replace(own, directory=str(directory))
    store = cast("SeriesStore", plugins.create("stores", settings.series, own))
    if {"remote", "read_only"} & {*plugin.tags} == {"remote"}:
        store = spooled(cast("RemoteStore", store), settings, directory)
    if describe is not None and isinstance(store, NamedStore):
        store.name_series(describe)
    return store


def spooled(store: RemoteStore, settings: StoreSettings, directory: Path) -> SpooledStore:
    """Returns a remote store behind a spool in the data directory."""
    age = duration_ns(settings.spool_max_age)
    return SpooledStore(store, Spool(directory / "spool.db", settings.spool_max_bytes, age))
