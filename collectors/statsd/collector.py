"""The statsd collector: what has come since the last collection."""

import threading
import time
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from collectors.statsd.listener import Listener
from collectors.statsd.settings import StatsdSettings
from collectors.statsd.totals import Totals


class StatsdCollector:
    """Listens from the first collection on, so that making one binds nothing."""

    def __init__(self, settings: StatsdSettings) -> None:
        try:
            ip_address(settings.bind)
            self._allowed = tuple(ip_network(one) for one in settings.allow)
        except ValueError as error:
            raise ConfigError([f"bind, allow: {error}"]) from error
        if not settings.allow:
            raise ConfigError(["allow: nobody may send; name at least one network"])
        if any(network.prefixlen == 0 for network in self._allowed):
            raise ConfigError(["allow: the whole internet may send; name your own networks"])
        if not all(0 < level < 1 for level in settings.quantiles):
            raise ConfigError(["quantiles: each lies between 0 and 1"])
        self._settings = settings
        self._book = SeriesBook()
        self._totals = Totals(settings.asset, settings.asset_tag, settings.max_series)
        self._lock = threading.Lock()
        self._listener: Listener | None = None
        self._refused = 0

    @property
    def port(self) -> int:
        """The port it listens on, 0 before the first collection."""
        return self._listener.port if self._listener else 0

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Returns what the lines since the last collection add up to.

        Raises:
            Unreachable: It cannot listen, or nobody has sent anything within the last hour.
        """
        del deadline
        listener = self._listener
        if listener is None:
            listener = self._listener = Listener(self._settings, self._allowed, self._take)
        draft = Draft(self._book)
        self._book.trim()
        now = to_stored_ns(until)
        with self._lock:
            for asset, metric, value, at, labels in self._totals.flush(
                now, time.monotonic(), self._settings.quantiles
            ):
                draft.add(metric, (Asset(asset),), value, at, labels)
            draft.dropped.update(self._totals.dropped)
            self._totals.dropped.clear()
        if listener.refused > self._refused:
            draft.drop("sender", listener.refused - self._refused)
            self._refused = listener.refused
        if not len(draft) and not draft.dropped:
            place = f"{self._settings.bind}:{listener.port}"
            raise Unreachable(f"{place}: nobody has sent anything", "silent")
        return draft.collection(cursor)

    def discover(self) -> Inventory:
        """Returns what the lines spoke of."""
        return self._book.inventory()

    def close(self) -> None:
        """Ends listening."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _take(self, packet: bytes, sender: str) -> None:
        with self._lock:
            self._totals.add(packet, sender, time.monotonic())
