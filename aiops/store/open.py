"""Opens the configured series store."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from aiops import plugins
from aiops.contracts.store import SeriesStore
from aiops.store.settings import StoreSettings


def open_store(settings: StoreSettings, directory: Path) -> SeriesStore:
    """Returns the store that the settings name.

    Args:
        directory: Data directory; given to plug-ins whose settings have a ``directory`` that
            is left empty.

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
    return cast("SeriesStore", plugins.create("stores", settings.series, own))
