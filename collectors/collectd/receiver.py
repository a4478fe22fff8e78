"""The collectd receiver."""

from collections import Counter
from typing import Final

import orjson

from aiops.contracts.collector import Sink
from aiops.contracts.receiver import Push, PushAnswer, Route
from collectors.collectd.lists import ListReader, Lists
from collectors.collectd.settings import CollectdSettings

_ROUTES: Final = (Route("POST", "/collectd", "collectd's write_http, Format JSON"),)


class CollectdReceiver:
    """Receives for one source."""

    def __init__(self, settings: CollectdSettings) -> None:
        self._settings = settings
        self._reader = ListReader(settings)

    @property
    def routes(self) -> tuple[Route, ...]:
        """``/collectd``."""
        return _ROUTES

    def receive(self, push: Push, sink: Sink) -> PushAnswer:
        """Stores the good values; 204 when all were good, 400 counts the others."""
        kind = push.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return _say(415, 'send application/json: Format "JSON" in write_http')
        try:
            document = orjson.loads(push.body)
        except orjson.JSONDecodeError as error:
            return _say(400, f"not JSON: {str(error)[:200]}")
        if not isinstance(document, list):
            return _say(400, "not a list of value lists")
        if len(document) > self._settings.max_values:
            limit = self._settings.max_values
            return _say(413, f"limit: {len(document)} value lists, at most {limit}")
        reader = self._reader
        found = reader.read(document)
        refused: Counter[str] = Counter()
        if found.rows:
            batch = reader.book.batch(found.rows, found.times, found.values)
            refused.update(sink.accept(batch, reader.book.inventory(), push.source))
            del refused["duplicate"]
        return _answer(found, refused)


def _answer(found: Lists, refused: Counter[str]) -> PushAnswer:
    # collectd sends null for what it could not read: a gap and no fault.
    told = refused + Counter({r: n for r, n in found.dropped.items() if r != "non_finite"})
    accepted = len(found.rows) - sum(refused.values())
    if not told:
        return PushAnswer(204, accepted=accepted, dropped=found.dropped)
    words = ", ".join(f"{reason}: {count}" for reason, count in sorted(told.items()))
    text = f"{accepted} samples stored, {sum(told.values())} refused ({words})\n"
    return PushAnswer(
        400, text.encode(), "text/plain", accepted=accepted, dropped=dict(found.dropped)
    )


def _say(status: int, words: str) -> PushAnswer:
    return PushAnswer(status, f"{words}\n".encode(), "text/plain")
