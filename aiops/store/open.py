"""Opens the configured series store."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from aiops import plugins
from aiops.contracts.store import SeriesStore
from aiops.domain.instant import duration_ns
from aiops.store.remote.naming import Describe, NamedStore
from aiops.store.remote.remote_store import RemoteStore
from aiops.store.settings import StoreSettings
from aiops.store.spool import Spool
from aiops.store.spooled import SpooledStore


def open_store(
    settings: StoreSettings,
    directory: Path,
    describe: Describe | None = None,
    now: datetime | None = None,
) -> SeriesStore:
    """Returns the store that the settings name; one behind a network has a spool in front.

    Args:
        directory: Data directory; given to plug-ins whose settings have a ``directory`` that
            is left empty, and of the spool.
        describe: Tells what series are called, for stores that keep names beside ids.
        now: Of a store behind a network nothing is read that is older than the retention.

    Raises:
        PluginError: There is no such plug-in, or its library is missing.
        StoreError: It cannot be opened.
    """
    store = open_directly(settings, directory, describe)
    tags = {*plugins.load("stores", settings.series).tags}
    if "remote" not in tags or "read_only" in tags:
        return store
    age = duration_ns(settings.spool_max_age)
    spool = Spool(directory / "spool.db", settings.spool_max_bytes, age)
    remote = cast("RemoteStore", store)
    if now is not None:
        remote.keep_from(now - settings.retention)
    return SpooledStore(remote, spool)


def open_directly(
    settings: StoreSettings, directory: Path, describe: Describe | None = None
) -> SeriesStore:
    """Returns the store that the settings name, without a spool: for copying and checking.

    Raises:
        PluginError: There is no such plug-in, or its library is missing.
        StoreError: It cannot be opened.
    """
    kind = plugins.load("stores", settings.series).settings
    own: Any = settings.settings
    if isinstance(own, Mapping):
        own = kind(**own)
    if any(field.name == "directory" for field in fields(kind)) and not own.directory:
        own = replace(own, directory=str(directory))
    store = cast("SeriesStore", plugins.create("stores", settings.series, own))
    if describe is not None and isinstance(store, NamedStore):
        store.name_series(describe)
    return store
