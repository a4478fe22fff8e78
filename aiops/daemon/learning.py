"""What the running service learns and reports: ladder, value, changes, the question at closing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from aiops.assemble import change_terms, value_terms
from aiops.automate.stage import Automation
from aiops.config import Settings
from aiops.contracts.clock import Clock
from aiops.daemon.files import DataDirectory
from aiops.daemon.weekly import WeeklyReport
from aiops.domain.answer import Answer
from aiops.domain.asset import SYSTEM, Viewer
from aiops.domain.change import Change
from aiops.domain.incident import Incident, OutcomeKind
from aiops.domain.metric import Limit
from aiops.domain.record import Record
from aiops.domain.series import SeriesKey
from aiops.forecast.records import read_records
from aiops.learn.preview import read_preview
from aiops.learn.rungs import Ladder
from aiops.learn.survey import read_survey, record_answer, sign_survey
from aiops.learn.value import read_value
from aiops.ledger.sql import SqlLedger
from aiops.pipeline import Pipeline
from aiops.risk.change import read_assessment

_ASKED: Final = 20
"""Incidents that one weekly report asks about."""
_DAY: Final = timedelta(days=1)
_log = structlog.get_logger("learning")


class Learning:
    """The part of the service that looks back; the service brings what it works on."""

    settings: Settings
    clock: Clock
    ledger: SqlLedger
    files: DataDirectory
    fence: int | None
    automation: Automation
    pipeline: Pipeline
    ladder: Ladder
    weekly: WeeklyReport
    _looked_at: datetime | None = None

    def report_weekly(self) -> WeeklyReport:
        """Returns what sends the weekly report of this service."""
        settings = self.settings
        return WeeklyReport(
            self.ledger,
            settings.report,
            settings.server.language,
            settings.ticket.public_url,
            lambda start, end: self.value(SYSTEM, start, end),
            self._surveys,
        )

    def learn_tick(self) -> None:
        """Once a day moves methods on the ladder; once a week mails the value report."""
        if self.fence is None:
            return
        now = self.clock.now()
        looked = self._looked_at
        due = looked is None or now - looked >= _DAY
        if self.settings.ladder.automatic and due:
            self._looked_at = now
            for move in self.ladder.move(now, self.fence):
                _log.info("moved on the ladder", **move.plain())
        self.weekly.tick(now, self.fence)

    def runbooks(self) -> Mapping[str, Any]:
        """Returns how automation stands and what it could do."""
        return self.automation.describe()

    def value(self, viewer: Viewer, start: datetime, end: datetime) -> Mapping[str, Any]:
        """Returns the value report of incidents opened in ``[start, end)``."""
        return read_value(
            self.ledger,
            viewer,
            start,
            end,
            *value_terms(self.settings),
            tuple(self.automation.desk.runbooks),
        )

    def surveyed(self, token: str) -> Incident | None:
        """Returns the incident that a signed link asks about; None when it is not valid."""
        key = read_survey(self.files.link_key(), token, self.clock.now())
        return self.ledger.incident(SYSTEM, key) if key else None

    def answer(self, incident: Incident, score: int, who: str, note: str) -> Answer:
        """Stores how well a closed incident was handled."""
        return record_answer(self.ledger, incident, score, who, note, self.clock.now())

    def assess(self, viewer: Viewer, change: Change) -> Mapping[str, Any]:
        """Returns what a planned change risks, and when it would risk least."""
        terms = change_terms(self.settings)
        return read_assessment(self.ledger, viewer, change, terms, self.clock.now())

    def preview(
        self, viewer: Viewer, incident: Incident, verdict: OutcomeKind
    ) -> Mapping[str, Any]:
        """Returns what a verdict would have changed in the last sixty days."""
        return read_preview(self.ledger, viewer, incident, verdict, self.clock.now())

    def limits(self) -> Sequence[Limit]:
        """Returns the limits in force."""
        return self.pipeline.fleet.limits

    def records(self, viewer: Viewer, asset: str, start: datetime) -> Mapping[SeriesKey, Record]:
        """Returns how earlier forecasts of an asset's limits have ended."""
        return read_records(
            self.ledger, self.pipeline.panels, viewer, asset, start, self.clock.now()
        )

    def _surveys(self, week: Mapping[str, Any]) -> Mapping[str, str]:
        """Returns links that ask about what was closed in a week and told to people."""
        address = self.settings.ticket.public_url.rstrip("/")
        told = [row for row in week["incidents"] if row["closed"] and row["stage"] == "act"]
        key, now = self.files.link_key(), self.clock.now()
        return {
            f"INC-{row['number']} {row['asset']}": f"{address}/survey/"
            + sign_survey(key, row["key"], now)
            for row in (told[:_ASKED] if address else ())
        }
