"""Tries a store as the daemon would use it, and leaves the daemon's own samples alone."""

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from aiops import plugins
from aiops.contracts.errors import StoreError
from aiops.domain.series import Samples
from aiops.domain.step import MINUTE
from aiops.store.open import open_directly
from aiops.store.settings import StoreSettings

_NAME = "aiops-check"


def probe(settings: StoreSettings, directory: Path) -> str:
    """Writes and reads one sample, and returns what was seen in words.

    A remote store gets it under a name of its own; an embedded one beside, not inside, the
    real data.

    Raises:
        StoreError: It does not answer, or not with what was written.
        PluginError: Its library is missing.
    """
    plugin = plugins.load("stores", settings.series)
    own: Any = settings.settings
    if isinstance(own, Mapping):
        own = plugin.settings(**own)
    if "read_only" in plugin.tags:
        store = open_directly(settings, directory)
        status = store.status()
        store.close()
        if not status.get("reachable"):
            raise StoreError(str(status.get("error", "it does not answer")))
        return "answers; it is only read"
    named = {field.name for field in fields(own)}
    with tempfile.TemporaryDirectory(prefix="check-", dir=directory) as beside:
        if "name" in named:
            own = replace(own, name=_NAME)
        if "directory" in named:
            own = replace(own, directory=beside)
        return _try(replace(settings, settings=own), Path(beside))


def _try(settings: StoreSettings, directory: Path) -> str:
    value = float(secrets.randbelow(10**9))
    ids = np.zeros(1, np.int64)
    store = open_directly(settings, directory)
    try:
        times, _ = store.latest(ids)
        at = int(times[0]) + MINUTE if times[0] else 1_767_571_200_000_000_000
        store.append(Samples(ids, np.array([at]), np.array([value])))
        read = store.samples(ids, at, at + MINUTE)
    finally:
        store.close()
    if read.values.tolist() != [value]:
        raise StoreError(f"wrote {value}, read back {read.values.tolist()}")
    return "one sample written and read back equal"
