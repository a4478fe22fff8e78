"""Plays a story through the real pipeline: the clock is the story's.

A story is a YAML time line: assets, signals made of pieces, events, and what is expected.
Times are durations after ``start``; a cell is ``step`` wide.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import yaml

from aiops.assemble import assemble
from aiops.config import parse
from aiops.contracts.collector import Collection, Inventory
from aiops.domain.asset import SYSTEM, Asset
from aiops.domain.event import Failure, Maintenance
from aiops.domain.incident import Incident
from aiops.domain.instant import duration_ns, from_ns, to_ns
from aiops.domain.metric import Direction, Limit, Metric, MetricKind
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.silence import Silence
from aiops.domain.ticket import OutboxState
from aiops.incident.act import Order, PersonAction
from aiops.ledger.open import open_ledger
from aiops.pipeline import Pipeline
from aiops.store.engines.memory import MemoryStore
from aiops.store.panels import LivePanels

DISK = "system.filesystem.utilization"
ROOT = Path(__file__).parents[2]
_MUTATION = re.compile(r"(\S+\.py): `(.*?)` → `(.*?)`(?: in `(\w+)`)?")
_UNITS = {"m": 60, "h": 3600, "d": 86400}


def span(text: str | int) -> timedelta:
    """``2d6h`` as a duration."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([mhd])", str(text))
    assert parts or not text, text
    return timedelta(seconds=sum(float(n) * _UNITS[unit] for n, unit in parts))


@dataclass
class Told:
    """What a story left behind."""

    start: datetime
    incidents: list[Incident]
    decisions: dict[str, list[tuple[str, str]]]
    messages: dict[str, list[str]]
    tickets: list[tuple[str, datetime]]
    anomalies: list[Any] = field(default_factory=list)

    @property
    def endings(self) -> list[tuple[Any, ...]]:
        return [
            (i.key, i.kind, i.state, i.opened_at, i.outcome and i.outcome.kind)
            for i in self.incidents
        ]


def load_story(path: Path) -> dict[str, Any]:
    story = yaml.safe_load(path.read_text("utf-8"))
    assert {"story", "mutation", "assets", "signals", "expect"} <= story.keys(), path
    return story


def mutations_of(story: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Each file with the text that turns the story red.

    Raises:
        ValueError: The code is not there, or more than once.
    """
    found = []
    for file, old, new, where in _MUTATION.findall(story["mutation"]):
        text = (ROOT / file).read_text("utf-8")
        start = text.index(f"def {where}(") if where else 0
        if text.count(old, start) < 1 or (not where and text.count(old) > 1):
            raise ValueError(f"{file}: {old!r} stands there {text.count(old, start)} times")
        found.append((ROOT / file, text[:start] + text[start:].replace(old, new, 1)))
    return found


def play(story: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> Told:
    """Lives through the story; events whose kind is in ``without`` do not take place."""
    return _Player(story, without).run()


class _Player:
    def __init__(self, story: Mapping[str, Any], without: tuple[str, ...]) -> None:
        self.story = story
        self.start = datetime.fromisoformat(str(story.get("start", "2026-03-02T00:00:00+00:00")))
        self.start = self.start.astimezone(UTC)
        self.step_ns = duration_ns(span(story.get("step", "1h")))
        self.events = sorted(
            (e for e in story.get("events", ()) if e["what"] not in without),
            key=lambda e: span(e["at"]),
        )
        said = {"ladder": {"start": "act"}, "forecast": {"every": "2h"}}
        said |= story.get("settings", {})
        self.settings = parse(yaml.safe_dump(said), "story")
        self.inventory = self._inventory()
        self.batch = self._batch()

    def run(self) -> Told:
        with tempfile.TemporaryDirectory() as folder:
            self.folder = Path(folder)
            self.ledger = open_ledger(f"sqlite:///{folder}/l.db", self.start, durable=False)
            # the same installation in every play, so that keys can be compared
            self.ledger._installation = "story"
            self.store = MemoryStore()
            self.panels = self._panels()
            pipeline = self._assemble()
            self._live(pipeline)
            told = self._told()
            self.panels.close()
            self.ledger.close()
        return told

    def _panels(self) -> LivePanels:
        return LivePanels(self.store, self.ledger.catalogue, self.folder, self.settings.store)

    def _assemble(self) -> Pipeline:
        pipeline = assemble(
            self.settings, self.ledger, self.panels, destinations=self.story.get("desks", ["desk"])
        )
        pipeline.load()
        return pipeline

    def _live(self, pipeline: Pipeline) -> None:
        times = self.sent
        last = int(times[-1]) + 3 * self.step_ns
        cadence = min(pipeline.forecast.cadence_ns(self.step_ns), self.step_ns * 6)
        cadence = duration_ns(span(self.story["tick"])) if "tick" in self.story else cadence
        done, waiting = 0, list(self.events)
        off_until = 0
        for tick in range(to_ns(self.start) + cadence, last + cadence, cadence):
            now = from_ns(tick)
            end = int(np.searchsorted(times, tick, side="left"))
            late: Batch | None = None
            while waiting and self.start + span(waiting[0]["at"]) <= now:
                event = waiting.pop(0)
                if event["what"] == "restart":
                    pipeline = self._restart(pipeline, event, now)
                elif event["what"] == "late":
                    late = self._late(event)
                elif event["what"] == "again":
                    done = int(np.searchsorted(times, tick - duration_ns(span(event["last"]))))
                elif event["what"] == "pause":
                    off_until = tick + duration_ns(span(event["last"]))
                else:
                    self._tell(pipeline, event, now)
            if tick < off_until:
                continue
            for batch in filter(None, (self._part(done, end), late)):
                collection = Collection(batch)
                pipeline.collect("story", self.step_ns, collection, self.inventory, now)
            done = end
            pipeline.analyse(now)

    def _restart(self, pipeline: Pipeline, event: Mapping[str, Any], now: datetime) -> Pipeline:
        if event.get("saved", True):
            pipeline.detect.save(self.folder / "checkpoints")
        self.panels.close()
        self.panels = self._panels()
        self.panels.rebuild(now)
        return self._assemble()

    def _tell(self, pipeline: Pipeline, event: Mapping[str, Any], now: datetime) -> None:
        what, asset = event["what"], event.get("asset", "")
        at = self.start + span(event["at"])
        if what == "repair":
            pipeline.orders.report(Maintenance(asset, at, at, "repair"), "ada", now)
        elif what == "failure":
            pipeline.orders.report(Failure(asset, at, event.get("kind", "crash")), "ada", now)
        elif what == "silence":
            until = at + span(event["last"])
            silence = Silence("s", asset, until, event.get("note", ""), "ada", at)
            pipeline.orders.silence(silence, now)
        else:
            (incident,) = self.ledger.incidents(SYSTEM, asset=asset, limit=1)
            other = self.ledger.incidents(SYSTEM, asset=event["into"]) if "into" in event else []
            order = Order(
                PersonAction(what),
                event.get("who", "ada"),
                event.get("note", ""),
                due=self.start + span(event["until"]) if "until" in event else None,
                assignee=event.get("assignee", ""),
                other=other[0] if other else None,
                series=frozenset(event.get("series", ())),
            )
            pipeline.act(incident, order, now)

    def _told(self) -> Told:
        incidents = sorted(
            self.ledger.incidents(SYSTEM, limit=10_000), key=lambda i: (i.opened_at, i.asset)
        )
        decisions: dict[str, list[tuple[str, str]]] = {}
        for each in reversed(self.ledger.decisions(SYSTEM, limit=100_000)):
            decisions.setdefault(each.asset, []).append((each.action, each.reason.value))
        messages = {
            i.key: [m.draft.action.value for m in self.ledger.messages_of(i.key)] for i in incidents
        }
        rows = self.ledger.messages(states=[s.value for s in OutboxState], limit=100_000)
        tickets = [(m.incident_key, m.created_at) for m in rows]
        end = self.start + timedelta(days=400)
        return Told(
            self.start,
            incidents,
            decisions,
            messages,
            tickets,
            self.ledger.anomalies(SYSTEM, None, self.start, end),
        )

    # the world

    def _inventory(self) -> Inventory:
        assets = tuple(_asset(each) for each in _expand(self.story["assets"]))
        metrics: dict[str, Metric] = {}
        limits = []
        for signal in _expand(self.story["signals"]):
            name = signal.get("metric", DISK)
            counter = signal.get("counter", False)
            metrics[name] = Metric(
                name,
                signal.get("unit", "1"),
                MetricKind.COUNTER if counter else MetricKind.GAUGE,
                floor=signal.get("floor", 0.0),
                ceiling=signal.get("ceiling"),
            )
            if "limit" in signal:
                direction = Direction(signal.get("direction", "up"))
                limits.append(Limit(name, direction, signal["limit"], asset=signal["asset"]))
        return Inventory(assets=assets, metrics=tuple(metrics.values()), limits=tuple(limits))

    def _batch(self) -> Batch:
        signals = list(_expand(self.story["signals"]))
        keys = tuple(SeriesKey.of(s["asset"], s.get("metric", DISK)) for s in signals)
        rows, times, values, sent = [], [], [], []
        for row, signal in enumerate(signals):
            at, value = self._values(signal, row)
            rows.append(np.full(len(at), row, np.int32))
            sent.append(at)
            times.append(at + duration_ns(span(signal.get("offset", ""))))
            values.append(value)
        time, sent_at = np.concatenate(times), np.concatenate(sent)
        order = np.argsort(sent_at, kind="stable")
        self.sent = sent_at[order]
        return Batch(keys, np.concatenate(rows)[order], time[order], np.concatenate(values)[order])

    def _values(self, signal: Mapping[str, Any], row: int) -> tuple[np.ndarray, np.ndarray]:
        value, parts = float(signal.get("from", 0.0)), []
        for piece in signal["pieces"]:
            cells = round(span(piece["for"]) / timedelta(microseconds=self.step_ns // 1000))
            value, part = _piece(piece, cells, value, self.step_ns)
            parts.append(part)
        values = np.concatenate(parts)
        times = to_ns(self.start) + np.arange(len(values), dtype=np.int64) * self.step_ns
        random = np.random.default_rng(1000 + row)
        values = values + random.normal(0, signal.get("noise", 0.0), len(values))
        if "day" in signal:  # a load that follows the local clock
            zone = ZoneInfo(signal.get("zone", "UTC"))
            hours = np.array([from_ns(int(t)).astimezone(zone).hour for t in times])
            busy = (hours >= 9) & (hours < 17)
            values = values + signal["day"] * busy
        if signal.get("counter"):
            values = np.cumsum(np.nan_to_num(values))
            for reset in signal.get("resets", ()):
                at = span(reset) // timedelta(microseconds=self.step_ns // 1000)
                values[at:] -= values[at - 1]
        if "floor" in signal or "limit" in signal:
            values = np.maximum(values, signal.get("floor", 0.0))
        if signal.get("ceiling") is not None:
            values = np.minimum(values, signal["ceiling"])
        here = ~np.isnan(values)
        return times[here] + self.step_ns // 2, values[here]

    def _part(self, start: int, end: int) -> Batch | None:
        batch = self.batch
        if end <= start:
            return None
        return Batch(
            batch.series, batch.rows[start:end], batch.times[start:end], batch.values[start:end]
        )

    def _late(self, event: Mapping[str, Any]) -> Batch:
        """Samples whose own time is long past, with values that would change everything."""
        at = to_ns(self.start + span(event["about"]))
        cells = round(span(event["last"]) / timedelta(microseconds=self.step_ns // 1000))
        times = at + np.arange(cells, dtype=np.int64) * self.step_ns + self.step_ns // 4
        values = np.full(cells, float(event["value"]))
        return Batch(self.batch.series, np.zeros(cells, np.int32), times, values)


def _piece(
    piece: Mapping[str, Any], cells: int, value: float, step_ns: int
) -> tuple[float, np.ndarray]:
    begin = float(piece.get("from", value))
    if piece.get("missing"):
        return value, np.full(cells, np.nan)
    if "every" in piece:  # a saw: from → to, again and again
        length = max(1, duration_ns(span(piece["every"])) // step_ns)
        phase = np.arange(cells) % length / length
        saw = begin + (float(piece["to"]) - begin) * phase
        return float(piece.get("end", begin)), saw
    if "spikes" in piece:  # holds, and at every so many cells a value
        part = np.full(cells, begin)
        part[:: max(1, duration_ns(span(piece["apart"])) // step_ns)] = piece["spikes"]
        return begin, part
    if "bend" in piece:  # faster and faster
        share = (np.arange(cells) + 1) / cells
        part = begin + (float(piece["to"]) - begin) * share ** piece["bend"]
        return float(piece["to"]), part
    end = float(piece.get("to", begin))
    return end, begin + (end - begin) * (np.arange(cells) + 1) / cells


def _expand(items: Any) -> Iterator[dict[str, Any]]:
    """``{count: 40, asset: "pump-{}"}`` stands for forty of them."""
    for item in items:
        each = {"key": item} if isinstance(item, str) else dict(item)
        for number in range(each.pop("count", 1)):
            yield {
                name: value.replace("{}", f"{number:02d}") if isinstance(value, str) else value
                for name, value in each.items()
            }


def _asset(each: Mapping[str, Any]) -> Asset:
    known = {k: v for k, v in each.items() if k != "depends_on"}
    return Asset(**known, depends_on=tuple(each.get("depends_on", ())))
