"""The page of one asset: what is foreseen for it, and why or why not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from markupsafe import Markup

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.errors import StoreError
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from aiops.domain.abstention import Abstention
from aiops.domain.asset import Asset
from aiops.domain.forecast import Crossing
from aiops.domain.record import Record
from aiops.domain.series import SeriesInfo, SeriesKey
from dashboards._figures import Signal, forecast_figure, small_figure
from dashboards._render import figure_json, missing, render, static_files
from dashboards._signals import World, abstention_key, limited_signal, recent
from dashboards._words import Words
from dashboards.risk_board import level_of, limit_source, reason_of

_LIMITED_SHOWN = 6
_OTHERS_SHOWN = 24
_LOOKED_BACK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot with its heading and what stands below it."""

    name: str
    signal: str
    figure: Markup | None
    caption: str = ""
    latest: str = ""
    trust: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Past:
    """The newest forecast of each series, and how earlier ones have ended."""

    crossings: Mapping[SeriesKey, Crossing]
    records: Mapping[SeriesKey, Record]

    @classmethod
    def of(cls, reader: Reader, view: View, asset: str) -> "_Past":
        """Reads them; without records while the series store is away."""
        newest = {item.series: item for item in reader.ledger.crossings(view.viewer, asset)}
        try:
            records = reader.records(view.viewer, asset, view.now - _LOOKED_BACK)
        except StoreError:
            records = {}
        return cls(newest, records)

    def limited(self, key: SeriesKey, world: World) -> bool:
        """Whether a source declares a limit, or the service looks ahead for one."""
        newest = self.crossings.get(key)
        looked = newest is not None and newest.abstained is not Abstention.NO_LIMIT
        return looked or world.limit(key) is not None


class AssetPage:
    """Forecasts, other signals, contributions, parts, decisions and incidents of an asset."""

    path = "/assets/{key:path}"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page, or 404 when the viewer sees no such asset."""
        ledger = reader.ledger
        found = ledger.asset(view.viewer, view.key) if _is_key(view.key) else None
        if found is None:
            return missing(reader, view, Words(view.language), "missing.asset")
        words = Words(view.language, found.time_zone)
        world = World.of(reader)
        infos = [info for info in ledger.catalogue.all() if info.key.asset == found.key]
        past = _Past.of(reader, view, found.key)
        has_limit = [past.limited(info.key, world) for info in infos]
        limited = [info for info, has in zip(infos, has_limit, strict=True) if has]
        others = [info for info, has in zip(infos, has_limit, strict=True) if not has]
        risk = next((r for r in ledger.risks(view.viewer) if r.asset == found.key), None)
        level, key = level_of(risk, view.now)
        assets = ledger.assets(view.viewer)
        parts = _parts(assets, found)
        reason = reason_of(key, limited=bool(limited), has_parts=bool(parts))
        incidents = ledger.incidents(view.viewer, asset=found.key, limit=10)
        said = {
            item.sentence.get("en", ""): item.sentence.get(view.language, "") for item in incidents
        }
        return render(
            "asset.html",
            reader,
            view,
            words,
            asset=found,
            risk=risk,
            level=level,
            reason=words(reason),
            limited=_limited(reader, limited[:_LIMITED_SHOWN], past, world, words),
            others=_others(reader, others[:_OTHERS_SHOWN], world, words),
            more=max(len(limited) - _LIMITED_SHOWN, 0) + max(len(others) - _OTHERS_SHOWN, 0),
            parts=parts,
            sightings=sorted(ledger.sightings(found.key), key=lambda each: each.first_at),
            visible={asset.key for asset in assets},
            decisions=[
                (decision, said.get(decision.detail) or decision.words(view.language))
                for decision in ledger.decisions(view.viewer, asset=found.key, limit=60)
            ],
            incidents=incidents,
        )


def _limited(
    reader: Reader,
    infos: Sequence[SeriesInfo],
    past: _Past,
    world: World,
    words: Words,
) -> list[Plot]:
    plots = []
    for info in infos:
        limit = world.limit(info.key)
        crossing = past.crossings.get(info.key)
        signal = limited_signal(reader, info, limit, crossing, world)
        figure = figure_json(forecast_figure(signal, words)) if signal.times else None
        plots.append(
            Plot(
                words.signal(info.key),
                info.key.signal,
                figure,
                _caption(crossing, words),
                _latest(signal, words),
                [
                    *(_about_limit(crossing, signal.unit, words) if crossing else ()),
                    *_trust(signal, past.records.get(info.key), words),
                ],
            )
        )
    return plots


def _caption(crossing: Crossing | None, words: Words) -> str:
    if crossing is None:
        return words("asset.no_forecast", reason=words("risk.never"))
    if crossing.abstained is not Abstention.NONE or crossing.probability is None:
        return words("asset.no_forecast", reason=words(abstention_key(crossing.abstained)))
    return words(
        "plot.caption",
        method=crossing.method or "–",
        probability=words.chance(crossing.probability),
        horizon=words.duration(crossing.horizon),
    )


def _about_limit(crossing: Crossing, unit: str, words: Words) -> Iterator[str]:
    """Yields where the limit comes from, and what is told of the warning before it."""
    source = limit_source(crossing, words)
    if source:
        yield source
    if crossing.warn is not None:
        level = words.amount(crossing.warn.limit, unit, crossing.series.metric)
        chance = words.chance(crossing.warn.probability)
        yield words("plot.warned", probability=chance, limit=level)


def _trust(signal: Signal, record: Record | None, words: Words) -> list[str]:
    """Returns what the shown band has held, and how earlier forecasts of the limit ended."""
    told = [words.coverage(each) for each in signal.coverage[:1]]
    if record is not None and record.ended:
        told.append(
            words(
                "plot.record",
                days=_LOOKED_BACK.days,
                ended=record.ended,
                expected=f"{record.expected:.1f}",
                met=record.met,
            )
        )
    return told


def _others(reader: Reader, infos: Sequence[SeriesInfo], world: World, words: Words) -> list[Plot]:
    now = reader.now()
    past = recent(reader, infos, now, timedelta(hours=24))
    plots = []
    for info in infos:
        times, values = past[info.id]
        unit = world.unit(info.key.metric)
        if info.counter:
            unit = f"{unit}/s"
        signal = Signal(info.key.signal, info.key.metric, unit, times, values, now)
        figure = figure_json(small_figure(signal, words)) if times else None
        plots.append(
            Plot(words.signal(info.key), info.key.signal, figure, latest=_latest(signal, words))
        )
    return plots


def _latest(signal: Signal, words: Words) -> str:
    return words.amount(signal.values[-1], signal.unit, signal.metric) if signal.values else "–"


def _parts(assets: Sequence[Asset], found: Asset) -> list[Asset]:
    return sorted((a for a in assets if a.parent == found.key), key=lambda asset: asset.key)


def _is_key(key: str) -> bool:
    return 0 < len(key) <= 1000 and "\x00" not in key


def _create(_settings: NoSettings) -> Page:
    return AssetPage()


PLUGIN: Final = Plugin(
    summary="One asset: forecasts, signals, risk, decisions",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
