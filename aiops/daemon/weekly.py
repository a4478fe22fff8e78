"""Sends the weekly value report, once per week, through whatever apprise can reach."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.contracts.errors import Unavailable
from aiops.contracts.ledger import Ledger
from aiops.learn.settings import ReportSettings
from aiops.learn.weekly import WEEK, Letter, newest_slot, write_letter

SENT: Final = "weekly report"
"""Name of the ledger's note that says up to which week it was sent."""
_QUARTER: Final = timedelta(days=90)
_AGAIN: Final = timedelta(minutes=30)
Report = Callable[[datetime, datetime], Mapping[str, Any]]
SurveysOf = Callable[[Mapping[str, Any]], Mapping[str, str]]


class WeeklyReport:
    """Knows when the next report is due and sends it; a failed one is tried again."""

    def __init__(
        self,
        ledger: Ledger,
        settings: ReportSettings,
        language: str,
        public_url: str,
        report: Report,
        surveys: SurveysOf,
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._language = language
        self._public_url = public_url
        self._report = report
        self._surveys = surveys
        self._not_before: datetime | None = None
        self._told: set[int] = set()

    def tick(self, now: datetime, fence: int | None) -> bool:
        """Sends what is due; returns whether a report was sent.

        The first week after an installation is whole before it is told of.
        """
        if not self._settings.to or (self._not_before is not None and now < self._not_before):
            return False
        settings = self._settings
        slot = newest_slot(now, settings.day, settings.at, settings.time_zone).isoformat()
        sent = self._ledger.note(SENT).get("slot")
        if sent == slot:
            return False
        if sent is not None:
            self._not_before = now + _AGAIN
            week = self._report(now - WEEK, now)
            quarter = self._report(now - _QUARTER, now)
            surveys = self._surveys(week)
            self._send(write_letter(week, quarter, self._language, self._public_url, surveys))
        with self._ledger.begin(fence) as tx:
            tx.put_note(SENT, {"slot": slot})
            if sent is not None:
                tx.audit(now, "system", "send weekly report", "report", {}, {"slot": slot})
        self._not_before = None
        self._told.clear()
        return sent is not None

    def _send(self, letter: Letter) -> None:
        try:
            import apprise
        except ImportError as error:
            text = "report.to needs apprise: pip install 'aiops[mail]'"
            raise Unavailable(text) from error
        failed = []
        for place, address in enumerate(self._settings.to, 1):
            if place in self._told:
                continue
            sender = apprise.Apprise()
            sent = sender.add(address.reveal()) and sender.notify(
                body=letter.body, title=letter.title, body_format=apprise.NotifyFormat.TEXT
            )
            if sent:
                self._told.add(place)
            else:
                failed.append(str(place))
        if failed:
            places = ", ".join(failed)
            raise Unavailable(f"report.to: address {places} did not take the weekly report")
