"""The mqtt collector: what has come since the last collection."""

import time
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Limit, Metric
from aiops.domain.series import SeriesKey
from collectors.mqtt.payload import BadPayload, Reading, check_rule, matches, read_message
from collectors.mqtt.session import Message, Session
from collectors.mqtt.settings import Encoding, MqttSettings, TopicSettings
from collectors.mqtt.sparkplug import NAMESPACE, ONLINE, Sparkplug, rebirth

_MARK: Final = "batch"
_WAIT_SHARE: Final = 0.8
_ASK_SECONDS: Final = 60.0


class MqttCollector:
    """Reads from one broker; the network runs in a thread of its own."""

    def __init__(self, settings: MqttSettings) -> None:
        if not settings.client_id:
            raise ConfigError(["client_id: a name is needed, so that the broker keeps messages"])
        if is_metadata(settings.host):
            words = f"host: {settings.host} is a link-local or metadata address; never visited"
            raise ConfigError([words])
        if not settings.topics:
            raise ConfigError(["topics: there are none; write at least one"])
        for rule in settings.topics:
            check_rule(rule)
        self._settings = settings
        self._book = SeriesBook()
        self._session: Session | None = None
        self._instance = uuid.uuid4().hex
        self._count = 0
        self._offered: list[Message] = []
        self._sparkplug = Sparkplug()
        self._asked: dict[tuple[str, str], float] = {}
        self._mark = ""

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Returns what has come; what the last call returned is acknowledged if it is durable.

        Raises:
            Unreachable: The broker cannot be had now. It keeps what comes meanwhile.
        """
        if self._session is None:
            self._session = Session(self._settings)
        session = self._session
        if self._offered and cursor.get(_MARK) == self._mark:
            session.acknowledge(self._offered)
            self._offered = []
        if not session.open(deadline.total_seconds() * _WAIT_SHARE):
            self._offered = []  # they come again
            words, kind = session.problem
            raise Unreachable(f"{self._settings.host}:{self._settings.port}: {words}", kind)
        fresh = session.take()
        if not fresh and not self._offered:
            return Collection(self._book.batch([], [], []), cursor)
        # What was returned and did not become durable is returned once more.
        self._offered += fresh
        self._count += 1
        self._mark = f"{self._instance}:{self._count}"
        collection = self._collection(until)
        self._ask_births(session)
        return collection

    def discover(self) -> Inventory:
        """Returns what the messages spoke of."""
        return self._book.inventory()

    def close(self) -> None:
        """Leaves the broker, which keeps what was not acknowledged."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _collection(self, until: datetime) -> Collection:
        now_ns, clock = to_stored_ns(until), time.monotonic()
        rows: list[int] = []
        times: list[int] = []
        values: list[float] = []
        dropped: Counter[str] = Counter()
        for message in self._offered:
            if not message.payload:
                continue  # it only clears a retained message
            rule = self._rule(message.topic)
            if rule is None:
                dropped["topic"] += 1  # of a subscription of an earlier configuration
                continue
            for reading in self._readings(rule, message, dropped):
                if reading.time is None and message.retained:
                    dropped["too_old"] += 1  # nobody knows of when it is
                    continue
                arrived = now_ns - int((clock - message.arrived) * 1e9)
                rows.append(self._row(rule, reading))
                times.append(reading.time if reading.time is not None else arrived)
                values.append(reading.value)
        return Collection(self._book.batch(rows, times, values), {_MARK: self._mark}, dropped)

    def _readings(
        self, rule: TopicSettings, message: Message, dropped: Counter[str]
    ) -> list[Reading]:
        sparkplug = rule.encoding is Encoding.SPARKPLUG
        read = self._sparkplug.read if sparkplug else read_message
        try:
            found = list(read(rule, message.topic, message.payload))
        except BadPayload:
            dropped["payload"] += 1
            return []
        for one in found:
            if isinstance(one, BadPayload):
                dropped[str(one)] += 1
        return [one for one in found if isinstance(one, Reading)]

    def _ask_births(self, session: Session) -> None:
        now = time.monotonic()
        for node in self._sparkplug.unknown if self._settings.rebirth else ():
            if now - self._asked.get(node, -_ASK_SECONDS) >= _ASK_SECONDS:
                self._asked[node] = now
                session.publish(f"{NAMESPACE}/{node[0]}/NCMD/{node[1]}", rebirth())

    def _rule(self, topic: str) -> TopicSettings | None:
        rules = (rule for rule in self._settings.topics if matches(rule.topic, topic))
        return next(rules, None)

    def _row(self, rule: TopicSettings, reading: Reading) -> int:
        key = SeriesKey(reading.asset, reading.metric)
        known = self._book.find(key)
        if known is not None:
            return known
        if key.metric == ONLINE.name:
            self._book.limit(Limit.towards(ONLINE, key.asset, 0.0))
            return self._book.row(key, ONLINE, Asset(key.asset, rule.kind))
        unit = reading.unit or rule.unit
        metric = Metric(key.metric, unit, bad_direction=rule.bad_direction)
        if rule.fail is not None:
            self._book.limit(Limit.towards(metric, key.asset, rule.fail, rule.warn))
        return self._book.row(key, metric, Asset(key.asset, rule.kind))
