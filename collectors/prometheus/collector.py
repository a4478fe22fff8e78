"""The prometheus collector: fetch, take apart, place, derive."""

import ssl
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import numpy as np

from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import Unreachable
from aiops.domain.identity import Identity, IdentityKind, identify
from aiops.domain.series import Batch, SeriesKey
from collectors._web.access import authorization, tls_context
from collectors._web.fetch import Page, check_url, fetch
from collectors.prometheus.exposition import Exposition, ExpositionReader
from collectors.prometheus.histogram import broken_histograms
from collectors.prometheus.mapping import load_mappings
from collectors.prometheus.plan import Plan, choose_mapping
from collectors.prometheus.settings import PrometheusSettings

_TEXT_TYPES = frozenset({"", "text/plain", "application/openmetrics-text"})
_OPENMETRICS = "application/openmetrics-text"
# Series that came and went are forgotten beyond this many times the current number.
_CHURN = 4


class PrometheusCollector:
    """Scrapes one endpoint."""

    def __init__(self, settings: PrometheusSettings) -> None:
        check_url(settings.url)
        self._settings = settings
        parts = urlsplit(settings.url)
        self._target = settings.asset or parts.netloc
        self._mappings = load_mappings(settings.mapping)
        self._reader = ExpositionReader(settings.max_samples)
        self._plan: Plan | None = None
        self._series: tuple[SeriesKey, ...] = ()
        self._present: frozenset[str] | None = None
        self._known_by = 0
        self._inventory = Inventory()
        self._context: ssl.SSLContext | None = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Scrapes once.

        Raises:
            Unreachable: No answer in time, not an exposition, or beyond a limit; nothing of
                such a scrape is used.
        """
        settings = self._settings
        page = fetch(
            settings.url,
            authorization(settings),
            self._tls(),
            deadline.total_seconds(),
            settings.max_body_bytes,
        )
        try:
            found = self._read(page)
        except Unreachable as error:
            raise Unreachable(f"{settings.url}: {error}", error.kind) from error
        plan = self._place(found)
        batch, dropped = self._batch(plan, found, until)
        if len(self._reader) > _CHURN * (len(found.ids) + 1000):
            self._reader.forget()
            self._plan = None
            self._series = ()
        return Collection(batch, cursor, {k: n for k, n in dropped.items() if n})

    def discover(self) -> Inventory:
        """Returns what the last scrape spoke of."""
        return self._inventory

    def close(self) -> None:
        """Holds no connection between two scrapes."""

    def _read(self, page: Page) -> Exposition:
        kind = page.content_type.partition(";")[0].strip().lower()
        start = page.body.lstrip()[:1]
        if kind not in _TEXT_TYPES or start in {b"", b"<", b"["}:
            raise Unreachable(
                f"the answer ({kind or 'no content type'}) is not a metrics exposition; "
                "check the path, often /metrics",
                "not_exposition",
            )
        return self._reader.read(page.body, openmetrics=kind == _OPENMETRICS)

    def _place(self, found: Exposition) -> Plan:
        plan = self._plan
        if plan is None:
            mapping = choose_mapping(self._mappings, self._reader.identities)
            plan = self._plan = Plan(self._settings, self._target, mapping)
        for identity in self._reader.identities[len(plan.rows) :]:
            plan.learn(identity, found.types)
        return plan

    def _batch(self, plan: Plan, found: Exposition, until: datetime) -> tuple[Batch, Counter[str]]:
        now = int(until.timestamp() * 1000)
        kept = self._keep(plan, found, now)
        value_by_id = {series: value for series, _, value in kept}
        samples = [
            (plan.rows[one], time, value) for one, time, value in kept if plan.rows[one] >= 0
        ]
        for ratio in plan.ratios.values():
            derived = ratio.derive(value_by_id)
            if derived is not None:
                if ratio.row < 0:
                    plan.settle(ratio)
                samples.append((ratio.row, now, derived))
        if len(plan.keys) != len(self._series):
            self._series = tuple(plan.keys)
            self._present = None
        rows, times, values = zip(*samples, strict=True) if samples else ((), (), ())
        self._take_inventory(plan, rows)
        batch = Batch(
            self._series,
            np.array(rows, dtype=np.int32),
            np.array(times, dtype=np.int64) * 1_000_000,
            np.array(values, dtype=np.float64),
        )
        return batch, found.dropped

    def _keep(self, plan: Plan, found: Exposition, now: int) -> list[tuple[int, int, float]]:
        """Returns (series, time, value) of the samples that hold; the rest is counted."""
        oldest = now - self._settings.accept_late // timedelta(milliseconds=1)
        newest = now + self._settings.accept_future // timedelta(milliseconds=1)
        broken = broken_histograms(self._reader.identities, found)
        found.dropped["histogram"] += len(broken)
        kept: list[tuple[int, int, float]] = []
        for position, series in enumerate(found.ids):
            value, given = found.values[position], found.times[position]
            time = given if given is not None and self._settings.honor_timestamps else now
            if position in broken:
                continue
            if plan.counters[series] and value < 0:
                found.dropped["type"] += 1
            elif not oldest <= time <= newest:
                found.dropped["too_old" if time < oldest else "future"] += 1
            else:
                kept.append((series, time, value))
        return kept

    def _take_inventory(self, plan: Plan, rows: Sequence[int]) -> None:
        present = frozenset(self._series[row].asset for row in rows)
        if present == self._present and len(plan.identities) == self._known_by:
            return
        self._present, self._known_by = present, len(plan.identities)
        assets = tuple(
            asset for key, asset in plan.assets.items() if key in present or key == self._target
        )
        limits = tuple(limit for limit in plan.limits.values() if limit.asset in present)
        self._inventory = Inventory(
            assets, tuple(plan.metrics.values()), limits, identities=self._identities(plan)
        )

    def _identities(self, plan: Plan) -> tuple[Identity, ...]:
        """Returns by what the target is known; its address only where it is a host."""
        if not plan.identities:
            return ()
        host = urlsplit(self._settings.url).hostname or ""
        address = identify(self._target, IdentityKind.ADDRESS, host)
        name = identify(self._target, IdentityKind.NAME, host)
        return (*plan.identities, *address, *name)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._settings)
        return self._context
