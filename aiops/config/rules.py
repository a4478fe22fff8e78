"""What a value may be, beyond its type: ranges, pairs that contradict, names met twice.

Settings of plug-ins state their ranges in the field itself:
``field(metadata={"above": 0})``, ``minimum``, ``maximum``.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiops.automate.runbook import Runbook
from aiops.collect.settings import CollectSettings, SourceSettings
from aiops.config.addresses import is_loopback
from aiops.config.server import ServerSettings
from aiops.config.settings import (
    AssetSettings,
    MaintenanceSettings,
    PriceSettings,
    Settings,
    ShiftSettings,
)
from aiops.config.values import Wrong, quote, write_duration
from aiops.detect.settings import DetectSettings, OverrideSettings
from aiops.domain.asset import Service
from aiops.domain.metric import Direction, Limit
from aiops.domain.silence import WEEKDAYS
from aiops.forecast.settings import ForecastSettings
from aiops.incident.settings import IncidentSettings, LadderSettings
from aiops.learn.settings import ReportSettings
from aiops.plugins import list_names
from aiops.risk.settings import RiskSettings
from aiops.store.settings import StoreSettings
from aiops.ticket.settings import DestinationSettings, NotifySettings, TicketSettings

ZERO: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a value; None is no bound."""

    above: Any = None
    minimum: Any = None
    maximum: Any = None

    def check(self, value: Any) -> None:
        """Raises Wrong when the value is outside."""
        if self.above is not None and value <= self.above:
            raise Wrong(f"{_show(value)}, expected more than {_show(self.above)}")
        if self.minimum is not None and value < self.minimum:
            raise Wrong(f"{_show(value)}, expected at least {_show(self.minimum)}")
        if self.maximum is not None and value > self.maximum:
            raise Wrong(f"{_show(value)}, expected at most {_show(self.maximum)}")

    def describe(self) -> str:
        """Returns the bounds in words, empty when there is none."""
        stated = (
            ("more than", self.above),
            ("at least", self.minimum),
            ("at most", self.maximum),
        )
        words = " and ".join(
            f"{word} {_show(bound)}" for word, bound in stated if bound is not None
        )
        return f", {words}" if words else ""


_POSITIVE: Final = Range(above=ZERO)
_SHARE: Final = Range(minimum=0, maximum=1)
_COUNT: Final = Range(minimum=1)

RANGES: Final[Mapping[tuple[type, str], Range]] = {
    (SourceSettings, "interval"): Range(minimum=timedelta(seconds=1), maximum=timedelta(days=7)),
    (SourceSettings, "deadline"): _POSITIVE,
    (CollectSettings, "series_per_source"): _COUNT,
    (SourceSettings, "max_series"): _COUNT,
    (CollectSettings, "silent_after"): _COUNT,
    (StoreSettings, "window"): _POSITIVE,
    (StoreSettings, "window_max_bytes"): Range(minimum=0),
    (StoreSettings, "retention"): Range(minimum=timedelta(days=1)),
    (DetectSettings, "budget"): Range(above=0),
    (DetectSettings, "minimum_effect"): Range(minimum=0),
    (OverrideSettings, "budget"): Range(above=0),
    (OverrideSettings, "minimum_effect"): Range(minimum=0),
    (DetectSettings, "checkpoint_every"): _POSITIVE,
    (DetectSettings, "catch_up"): _POSITIVE,
    (ForecastSettings, "horizon"): _POSITIVE,
    (ForecastSettings, "history"): _POSITIVE,
    (ForecastSettings, "ensemble_share"): _SHARE,
    (ForecastSettings, "ensemble_budget"): _POSITIVE,
    (RiskSettings, "horizon"): _POSITIVE,
    (IncidentSettings, "open_probability"): _SHARE,
    (IncidentSettings, "close_probability"): _SHARE,
    (IncidentSettings, "hold"): _COUNT,
    (IncidentSettings, "dispatch_precision"): _SHARE,
    (TicketSettings, "max_age"): _POSITIVE,
    (TicketSettings, "sync_interval"): Range(minimum=timedelta(seconds=1)),
    (LadderSettings, "false_per_week"): Range(minimum=0),
    (LadderSettings, "suggest_precision"): _SHARE,
    (LadderSettings, "act_precision"): _SHARE,
    (LadderSettings, "cases"): _COUNT,
    (NotifySettings, "max_new_per_10min"): Range(minimum=0),
    (MaintenanceSettings, "duration"): Range(above=ZERO, maximum=timedelta(days=7)),
    (ShiftSettings, "duration"): Range(above=ZERO, maximum=timedelta(days=7)),
    (ServerSettings, "port"): Range(minimum=0, maximum=65535),
    (AssetSettings, "criticality"): _SHARE,
    (Service, "price_per_hour"): Range(minimum=0),
    (Service, "objective"): _SHARE,
    (PriceSettings, "downtime_per_hour"): Range(minimum=0),
    (PriceSettings, "false_alarm"): Range(minimum=0),
}

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_PRINTED: Final = re.compile(r"\S(?:.{0,510}\S)?")


def check_identifier(text: str) -> None:
    """Accepts a name that can stand in paths, URLs and labels."""
    if _IDENTIFIER.fullmatch(text) is None or set(text) == {"."}:
        raise Wrong(f"{quote(text)}, expected 1 to 128 letters, digits, `.`, `_` or `-`")


def check_pattern(text: str) -> None:
    """Accepts an asset key or pattern as sources write them."""
    if _PRINTED.fullmatch(text) is None or not text.isprintable():
        raise Wrong(f"{quote(text)}, expected an asset key or pattern of printable text")


def check_zone(text: str) -> None:
    """Accepts an IANA time zone, or nothing."""
    try:
        if text:
            ZoneInfo(text)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError only by name
        raise Wrong(f"{quote(text)}, expected an IANA zone such as Europe/Berlin") from None
    except KeyError:
        raise Wrong(f"{quote(text)}, expected an IANA zone such as Europe/Berlin") from None


def check_clock(text: str) -> None:
    """Accepts a time of day."""
    if _CLOCK.fullmatch(text) is None:
        raise Wrong(f"{quote(text)}, expected a time of day such as 22:00")


def check_language(text: str) -> None:
    """Accepts a language the pages exist in."""
    if text not in {"en", "zh"}:
        raise Wrong(f"{quote(text)}, expected en or zh")


def check_day(text: str) -> None:
    """Accepts a day of the week."""
    if text not in WEEKDAYS:
        raise Wrong(f"{quote(text)}, expected one of {', '.join(WEEKDAYS)}")


TEXTS: Final[Mapping[tuple[type, str], Callable[[str], None]]] = {
    (SourceSettings, "name"): check_identifier,
    (SourceSettings, "time_zone"): check_zone,
    (DestinationSettings, "name"): check_identifier,
    (Service, "key"): check_identifier,
    (AssetSettings, "match"): check_pattern,
    (OverrideSettings, "match"): check_pattern,
    (AssetSettings, "time_zone"): check_zone,
    (MaintenanceSettings, "match"): check_pattern,
    (MaintenanceSettings, "time_zone"): check_zone,
    (ShiftSettings, "start"): check_clock,
    (ShiftSettings, "time_zone"): check_zone,
    (MaintenanceSettings, "start"): check_clock,
    (ServerSettings, "language"): check_language,
    (ReportSettings, "at"): check_clock,
    (ReportSettings, "time_zone"): check_zone,
    (ReportSettings, "day"): check_day,
    (Runbook, "name"): check_identifier,
}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Keys, each right alone, that cannot stand together; ``again`` is where a name stood first."""

    keys: tuple[str, ...]
    text: str
    again: str = ""


def find_contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Yields what is wrong between keys; the first key is where it is told."""
    yield from _between_stages(settings)
    yield from _server(settings.server)
    for index, limit in enumerate(settings.limits):
        yield from _limit(limit, f"limits[{index}]")
    for index, source in enumerate(settings.collect.sources):
        yield from _source(source, f"collect.sources[{index}]", settings)
    yield from _names("collect.sources[{}].name", [s.name for s in settings.collect.sources])
    yield from _names(
        "ticket.destinations[{}].name", [d.name for d in settings.ticket.destinations]
    )
    for index, window in enumerate(settings.maintenance):
        yield from _window(window, f"maintenance[{index}]")
    for index, shift in enumerate(settings.shifts):
        yield from _window(shift, f"shifts[{index}]")
    yield from _names("assets[{}].match", [a.match for a in settings.assets])
    yield from _names("services[{}].key", [s.key for s in settings.services])


def _between_stages(settings: Settings) -> Iterator[Contradiction]:
    incident, detect, forecast, store = (
        settings.incident,
        settings.detect,
        settings.forecast,
        settings.store,
    )
    if incident.close_probability > incident.open_probability:
        yield Contradiction(
            ("incident.close_probability", "incident.open_probability"),
            f"{incident.close_probability:g}, expected at most incident.open_probability "
            f"({incident.open_probability:g})",
        )
    yield from _at_most("detect.lateness", detect.lateness, "store.window", store.window)
    yield from _at_most("forecast.every", forecast.every, "forecast.horizon", forecast.horizon)
    names = list_names("forecasts")
    if forecast.ensemble and forecast.ensemble not in names:
        text = f"{quote(forecast.ensemble)}, expected one of {', '.join(names)}, or nothing"
        yield Contradiction(("forecast.ensemble",), text)


def _source(source: SourceSettings, key: str, settings: Settings) -> Iterator[Contradiction]:
    interval = f"{key}.interval"
    if source.deadline is not None:
        yield from _at_most(f"{key}.deadline", source.deadline, interval, source.interval)
    horizon = settings.forecast.horizon
    yield from _at_most(interval, source.interval, "forecast.horizon", horizon)


def _at_most(key: str, value: timedelta, other: str, bound: timedelta) -> Iterator[Contradiction]:
    if value > bound:
        text = f"{_show(value)}, expected at most {other} ({_show(bound)})"
        yield Contradiction((key, other), text)


def _window(window: MaintenanceSettings | ShiftSettings, key: str) -> Iterator[Contradiction]:
    for index, day in enumerate(window.days):
        if day not in WEEKDAYS:
            text = f"{quote(day)}, expected one of {', '.join(WEEKDAYS)}"
            yield Contradiction((f"{key}.days[{index}]",), text)
    if not window.time_zone:
        yield Contradiction((f"{key}.time_zone",), "empty, expected an IANA zone")


def _limit(limit: Limit, key: str) -> Iterator[Contradiction]:
    if limit.direction is Direction.BOTH:
        yield Contradiction((f"{key}.direction",), "`both`, expected up or down")
    if limit.of == limit.metric:
        yield Contradiction((f"{key}.of",), "the metric itself, expected another of the asset")
    if limit.of and limit.learnt:
        yield Contradiction(
            (f"{key}.of", f"{key}.learnt"), "given together, expected one: a share is not learnt"
        )
    if limit.direction is not Direction.BOTH and limit.warn is not None:
        up = limit.direction is Direction.UP
        if (limit.warn > limit.fail) if up else (limit.warn < limit.fail):
            side = "at most" if up else "at least"
            yield Contradiction(
                (f"{key}.warn", f"{key}.fail"),
                f"{limit.warn:g}, expected {side} {key}.fail ({limit.fail:g}) as its direction "
                f"is {limit.direction}",
            )


def _server(server: ServerSettings) -> Iterator[Contradiction]:
    if bool(server.tls_certificate) != bool(server.tls_key):
        missing, present = ("tls_key", "tls_certificate")
        if server.tls_key:
            missing, present = present, missing
        yield Contradiction(
            (f"server.{present}",), f"given alone, expected server.{missing} with it"
        )
    if server.tls_client_ca and not server.tls_certificate:
        yield Contradiction(
            ("server.tls_client_ca",), "given alone, expected server.tls_certificate with it"
        )
    if server.insecure not in {"", "i-understand"}:
        yield Contradiction(("server.insecure",), 'another word, expected "" or i-understand')
    elif not (is_loopback(server.bind) or server.tls_certificate or server.insecure):
        yield Contradiction(
            ("server.bind",),
            f"refusing to listen on {server.bind} without TLS and authentication, expected "
            "server.tls_certificate and server.tls_key, or server.insecure: i-understand",
        )


def _names(key: str, names: list[str]) -> Iterator[Contradiction]:
    """Yields names that people or file systems would take for one another."""
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        folded = unicodedata.normalize("NFC", name).casefold().strip()
        other = first.setdefault(folded, index)
        if other != index:
            why = (
                "" if name == names[other] else " (case, accents' coding and margins do not count)"
            )
            yield Contradiction(
                (key.format(index),),
                f"{quote(name)} is {quote(names[other])} again{why}, expected another name",
                again=key.format(other),
            )


def _show(value: Any) -> str:
    return write_duration(value) if isinstance(value, timedelta) else f"{value:g}"
