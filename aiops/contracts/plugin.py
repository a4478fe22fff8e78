"""What a plug-in module exports: one typed ``PLUGIN``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

CONTRACT_VERSION: Final = 1

SettingsT = TypeVar("SettingsT")
InstanceT = TypeVar("InstanceT")


class Stability(StrEnum):
    """How far a plug-in may be trusted to stay as it is."""

    EXPERIMENTAL = "experimental"
    BETA = "beta"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Plugin(Generic[SettingsT, InstanceT]):
    """The one object a plug-in module exports as ``PLUGIN``.

    Attributes:
        summary: One line for ``aiops plugins``.
        settings: A frozen dataclass type; its fields and defaults are the configuration.
            Field types: str, int, float, bool, ``timedelta``, ``Secret``, enums, tuples and
            mappings of these, or nested frozen dataclasses. ``field(metadata={"help": …})``
            documents a field.
        create: Builds an instance from settings. Checks only the settings, never connects.
            Heavy libraries are imported here, not at module level.
        extra: Name of the optional dependency group it needs, for the error message.
    """

    summary: str
    settings: type[SettingsT]
    create: Callable[[SettingsT], InstanceT]
    owner: str = "aiops"
    stability: Stability = Stability.BETA
    extra: str = ""
    contract: int = CONTRACT_VERSION
    tags: tuple[str, ...] = field(default=())


AnyPlugin = Plugin[Any, Any]


@dataclass(frozen=True, slots=True)
class NoSettings:
    """For a plug-in that has nothing to set."""
