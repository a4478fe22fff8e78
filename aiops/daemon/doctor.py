"""Looks at every part that the configuration names; connects, reads, and changes nothing."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiops.assemble import ticket_systems
from aiops.collect.push import is_push
from aiops.collect.settings import SourceSettings
from aiops.config import Settings
from aiops.contracts.errors import AiopsError
from aiops.contracts.ticket_system import TicketSystem
from aiops.daemon.probe import read_once, tell_dropped

NOBODY = "0" * 64
"""An incident key that no ticket carries."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part and how it is."""

    subject: str
    well: bool
    words: str


def examine_all(settings: Settings, directory: Path) -> list[Finding]:
    """Returns one finding for each part, all of them tried."""
    return [
        _examine_disk(directory),
        *(_try(f"source {name}", look) for name, look in _sources(settings)),
        *(_try(f"destination {name}", look) for name, look in _destinations(settings)),
        Finding("ladder", well=True, words=_ladder(settings)),
    ]


def _try(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, well=True, words=look())
    except AiopsError as error:
        return Finding(subject, well=False, words=" ".join(str(error).split()))


def _examine_disk(directory: Path) -> Finding:
    place = next(p for p in (directory.resolve(), *directory.resolve().parents) if p.exists())
    free = shutil.disk_usage(place).free
    words = f"{directory} lies on a file system with {free / 2**30:.1f} GiB free"
    return Finding("data directory", free > 2**28, words)


def _sources(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    for source in settings.collect.sources:
        if source.enabled and not is_push(source):
            yield source.name, partial(_read, source)


def _read(source: SourceSettings) -> str:
    answer, found = read_once(source)
    batch = answer.batch
    return (
        f"{len(batch)} samples of {len(batch.series)} series, "
        f"{len(found.assets)} assets, {len(found.limits)} limits{tell_dropped(answer)}"
    )


def _destinations(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    for name, system in ticket_systems(settings).items():
        yield name, partial(_look_up_nobody, system)


def _look_up_nobody(system: TicketSystem) -> str:
    try:
        if not system.can_find:
            return "at least once with a stable id (it has no look-up)"
        system.find(NOBODY)
    finally:
        system.close()
    return f"answers; one ticket per incident, settled after {system.settle_seconds:g} s"


def _ladder(settings: Settings) -> str:
    stage = settings.ladder.start.value
    return {
        "shadow": "shadow: incidents are shown here and no ticket is sent",
        "suggest": "suggest: incidents are suggested to people and no ticket is sent",
        "act": "act: every incident sends a ticket to each destination",
    }[stage]
