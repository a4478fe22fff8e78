"""Settings of the collect stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiops.domain.asset import Location


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One configured source."""

    name: str = field(metadata={"help": "Unique name of the source, shown everywhere."})
    type: str = field(metadata={"help": "Collector plug-in, see `aiops plugins`."})
    interval: timedelta = field(
        default=timedelta(seconds=15), metadata={"help": "How often it is read."}
    )
    deadline: timedelta | None = field(
        default=None,
        metadata={"help": "A collection is ended after this; default min(interval, 30s)."},
    )
    enabled: bool = field(default=True, metadata={"help": "Set to false to pause it."})
    site: str = field(default="", metadata={"help": "Given to assets that name no site."})
    location: Location | None = field(
        default=None, metadata={"help": "on_prem, cloud or edge, for assets that name none."}
    )
    time_zone: str = field(default="", metadata={"help": "IANA zone for assets that name none."})
    owner: str = field(default="", metadata={"help": "Team for assets that name none."})
    service: str = field(default="", metadata={"help": "Service for assets that name none."})
    max_series: int | None = field(
        default=None,
        metadata={"help": "More series of it are refused; default collect.series_per_source."},
    )
    settings: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the plug-in."}
    )


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How sources are read and what data is let in."""

    sources: tuple[SourceSettings, ...] = field(
        default=(), metadata={"help": "The sources to read."}
    )
    dependencies: str = field(
        default="",
        metadata={
            "help": "File of what depends on what: CSV with source,target, or YAML by asset."
        },
    )
    accept_late: timedelta = field(
        default=timedelta(days=7), metadata={"help": "Older samples are refused."}
    )
    accept_future: timedelta = field(
        default=timedelta(minutes=10), metadata={"help": "Samples further ahead are refused."}
    )
    series_per_source: int = field(
        default=10_000, metadata={"help": "More series of one source are refused and counted."}
    )
    silent_after: int = field(
        default=3, metadata={"help": "A source is silent after this many missed intervals."}
    )

    def budget_of(self, source: str) -> int:
        """Returns how many series of a source are let in."""
        own = next((each.max_series for each in self.sources if each.name == source), None)
        return self.series_per_source if own is None else own
