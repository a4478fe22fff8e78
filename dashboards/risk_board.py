"""The risk board: every asset, the most expensive risk first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from aiops.domain.abstention import Abstention
from aiops.domain.asset import Asset
from aiops.domain.forecast import Crossing
from aiops.domain.incident import Incident
from aiops.domain.metric import Direction
from aiops.domain.risk import Risk
from aiops.domain.series import SeriesInfo
from dashboards._render import render, static_files
from dashboards._signals import World, abstention_key, parse_time, week_rows
from dashboards._sparkline import sparkline
from dashboards._words import Words

_ROWS = 200
_LEAST_SHOWN = 0.05
"""A less likely event is no news."""
_LEVELS = ((50.0, "high"), (20.0, "elevated"))
"""Risk values from which a row is called high or elevated; they only choose word and colour."""


@dataclass(frozen=True, slots=True)
class Event:
    """The next predicted event in words."""

    what: str
    when: str
    full: str
    probability: str
    zone: str
    """Whose clock it is, where it is not UTC."""
    source: str = ""
    """Where the limit comes from, where it is not a number that somebody wrote."""


@dataclass(frozen=True, slots=True)
class Row:
    """One asset as the board shows it."""

    asset: Asset
    level: str
    value: str
    loss: str
    reason: str
    event: Event | None
    quality: tuple[str, ...]
    line: list[str]
    line_name: str
    incident: Incident | None


class RiskBoard:
    """All assets with their risk, next event, data quality and open incident."""

    path = "/"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the whole board, or only its changing part for ``?part=board``."""
        words = Words(view.language)
        ledger = reader.ledger
        risk_by_asset = {risk.asset: risk for risk in ledger.risks(view.viewer)}
        incidents = ledger.incidents(view.viewer, open_only=True)
        incident_by_asset = {item.asset: item for item in reversed(incidents)}
        assets = ledger.assets(view.viewer)
        assets.sort(key=lambda asset: _order(asset, risk_by_asset, incident_by_asset))
        text = view.query.get("q", "")[:200]
        matching = [asset for asset in assets if _matches(asset, text)]
        start = _start(view.query.get("from", ""), len(matching))
        shown = matching[start : start + _ROWS]
        status = reader.status()
        rows = self._rows(reader, view, shown, risk_by_asset, incident_by_asset, status)
        part = view.query.get("part") == "board"
        return render(
            "board_part.html" if part else "board.html",
            reader,
            view,
            words,
            rows=rows,
            text=text,
            span=(start, start + len(shown), len(matching)),
            links=_links(text, start, len(matching)),
            tiles=_tiles(assets, risk_by_asset, incidents, status, view.now),
            sources=_sources(status),
            next_forecast=parse_time(status.get("next_forecast_at")),
            any_risk=any(risk.value is not None for risk in risk_by_asset.values()),
        )

    def _rows(
        self,
        reader: Reader,
        view: View,
        assets: Sequence[Asset],
        risk_by_asset: Mapping[str, Risk],
        incident_by_asset: Mapping[str, Incident],
        status: Mapping[str, object],
    ) -> list[Row]:
        world = World.of(reader)
        infos_by_asset: dict[str, list[SeriesInfo]] = {}
        for info in reader.ledger.catalogue.all():
            infos_by_asset.setdefault(info.key.asset, []).append(info)
        chosen = {
            asset.key: _leading(
                infos_by_asset.get(asset.key, []), risk_by_asset.get(asset.key), world
            )
            for asset in assets
        }
        infos = [info for info in chosen.values() if info is not None]
        week_by_id = week_rows(reader, infos, view.now)
        currency = str(status.get("currency", ""))
        quality = status.get("quality")
        quality_by_asset = quality if isinstance(quality, Mapping) else {}
        parents = frozenset(asset.parent for asset in assets)
        rows = []
        for asset in assets:
            words = Words(view.language, asset.time_zone)
            lead = chosen[asset.key]
            week = None if lead is None else week_by_id.get(lead.id)
            risk = risk_by_asset.get(asset.key)
            level, key = level_of(risk, view.now)
            reason = reason_of(key, limited=lead is not None, has_parts=asset.key in parents)
            known = risk if level != "unknown" else None
            rows.append(
                Row(
                    asset=asset,
                    level=level,
                    value=f"{known.value:.0f}" if known and known.value is not None else "–",
                    loss=f"{known.expected_loss:,.0f} {currency}".strip()
                    if known and known.expected_loss
                    else "",
                    reason=words(reason),
                    event=_event(known.first, words, world, view.now) if known else None,
                    quality=_quality(quality_by_asset.get(asset.key), week),
                    line=sparkline(week) if week is not None else [],
                    line_name="" if lead is None else words.signal(lead.key),
                    incident=incident_by_asset.get(asset.key),
                )
            )
        return rows


def level_of(risk: Risk | None, now: datetime) -> tuple[str, str]:
    """Returns the word for a risk and, when it is not assessed, the text key of the reason."""
    if risk is None:
        return "unknown", "risk.never"
    if risk.value is None:
        return "unknown", abstention_key(risk.abstained)
    if risk.valid_until < now:
        return "unknown", "risk.outdated"
    return next((name for least, name in _LEVELS if risk.value >= least), "low"), ""


def _order(
    asset: Asset, risk_by_asset: Mapping[str, Risk], incident_by_asset: Mapping[str, Incident]
) -> tuple[float, float, bool, str]:
    risk = risk_by_asset.get(asset.key)
    value = -1.0 if risk is None or risk.value is None else risk.value
    loss = risk.expected_loss if risk is not None else 0.0
    return (-loss, -value, asset.key not in incident_by_asset, asset.key)


def _leading(infos: Sequence[SeriesInfo], risk: Risk | None, world: World) -> SeriesInfo | None:
    """The series a row's mini-line shows: what the risk is about, else a limited one."""
    if risk is not None and risk.first is not None:
        named = [info for info in infos if info.key == risk.first.series]
        if named:
            return named[0]
    return next((info for info in infos if world.limit(info.key) is not None), None)


def _event(first: Crossing | None, words: Words, world: World, now: datetime) -> Event | None:
    if first is None:
        return None
    unit, metric = world.unit(first.series.metric), first.series.metric
    signal, limit = words.signal(first.series), words.amount(first.limit, unit, metric)
    if first.abstained is Abstention.ALREADY_OVER:
        value = words("event.now", value=words.amount(first.value, unit, metric))
        met = words("event.over", signal=signal, limit=limit)
        return Event(met, value, "", "", "", limit_source(first, words))
    if first.early is None or (first.probability or 0) < _LEAST_SHOWN:
        return None
    way = "down" if first.direction is Direction.DOWN else "up"
    times = {"early": first.early, "likely": first.likely, "late": first.late}
    return Event(
        words(f"event.{way}", signal=signal, limit=limit),
        words("event.range", **{name: words.day_time(at, now) for name, at in times.items()}),
        words("event.range", **{name: words.full_time(at) for name, at in times.items()}),
        words("board.likely", probability=words.chance(first.probability)),
        "" if words.zone_name == "UTC" else words.zone_name,
        limit_source(first, words),
    )


def limit_source(crossing: Crossing, words: Words) -> str:
    """Returns where a limit comes from that is a share of another series or was learnt."""
    said = []
    if crossing.share is not None:
        said.append(words("plot.of", share=words.percent(crossing.share), metric=crossing.of))
    if crossing.learnt_from:
        said.append(words("plot.learnt", count=crossing.learnt_from))
    return " ".join(said)


def _matches(asset: Asset, text: str) -> bool:
    fields = (asset.key, asset.name, asset.owner, asset.site, asset.service, asset.kind)
    return not text or any(text.casefold() in field.casefold() for field in fields)


def _start(asked: str, count: int) -> int:
    """The first row to show: what was asked for, on a whole page within the list."""
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
    return min(number, max(count - 1, 0)) // _ROWS * _ROWS


def _links(text: str, start: int, count: int) -> dict[str, str]:
    """Addresses of this page, of the one before and the one after, empty where there is none."""
    kept = {"q": text} if text else {}

    def at(place: int) -> str:
        return "/?" + urlencode({**kept, "from": place})

    return {
        "here": at(start),
        "previous": at(start - _ROWS) if start else "",
        "following": at(start + _ROWS) if start + _ROWS < count else "",
    }


def reason_of(key: str, *, limited: bool, has_parts: bool) -> str:
    """Returns the text key of why an asset is not assessed, in the most useful words."""
    if key == "risk.never" and not limited:
        return "board.parts" if has_parts else "board.no_signal"
    return key


def _quality(findings: object, week: Sequence[float] | None) -> tuple[str, ...]:
    if isinstance(findings, list | tuple) and findings:
        return tuple(str(word) for word in findings)
    if week is None:
        return ()
    if not any(isfinite(value) for value in week):
        return ("none",)
    # the cell of now may have just begun, so the one before it counts as well
    return ("ok",) if any(isfinite(value) for value in week[-2:]) else ("silent",)


def _tiles(
    assets: Sequence[Asset],
    risk_by_asset: Mapping[str, Risk],
    incidents: Sequence[Incident],
    status: Mapping[str, object],
    now: datetime,
) -> dict[str, Any]:
    likely = [
        prediction.likely
        for item in incidents
        if (prediction := item.current or item.predicted) is not None
    ]
    assessed = sum(level_of(risk_by_asset.get(asset.key), now)[0] != "unknown" for asset in assets)
    sources = _sources(status)
    return {
        "week": sum(time <= now + timedelta(days=7) for time in likely),
        "month": sum(time <= now + timedelta(days=30) for time in likely),
        "open": len(incidents),
        "silent": sum(bool(source.get("silent")) for source in sources),
        "sources": len(sources),
        "assessed": assessed,
        "assets": len(assets),
    }


def _sources(status: Mapping[str, object]) -> list[Mapping[str, Any]]:
    sources = status.get("sources")
    if not isinstance(sources, list | tuple):
        return []
    return [source for source in sources if isinstance(source, Mapping)]


def _create(_settings: NoSettings) -> Page:
    return RiskBoard()


PLUGIN: Final = Plugin(
    summary="Risk board: every asset, the most expensive risk first",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
