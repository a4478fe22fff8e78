"""The tables: columns for what is filtered or sorted by, JSON text for the rest."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

METADATA: Final = MetaData()
_KEY = String(1024)
_TIME = String(40)
_AnyTable = Table[Any]


def _table(name: str, *columns: SchemaItem) -> _AnyTable:
    return Table(name, METADATA, *columns)


META: Final[_AnyTable] = _table(
    "meta", Column("name", _KEY, primary_key=True), Column("value", Text)
)
NOTE: Final[_AnyTable] = _table(
    "note", Column("name", _KEY, primary_key=True), Column("body", Text)
)
LEASE: Final[_AnyTable] = _table(
    "lease",
    Column("name", _KEY, primary_key=True),
    Column("owner", _KEY, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", _TIME, nullable=False),
)
ASSET: Final[_AnyTable] = _table(
    "asset",
    Column("key", _KEY, primary_key=True),
    Column("owner", _KEY, nullable=False, index=True),
    Column("site", _KEY, nullable=False, index=True),
    Column("source", _KEY, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("body", Text, nullable=False),
)
SIGHTING: Final[_AnyTable] = _table(
    "asset_sighting",
    Column("source", _KEY, primary_key=True),
    Column("seen", _KEY, primary_key=True),
    Column("asset", _KEY, nullable=False, index=True),
    Column("body", Text, nullable=False),
)
METRIC: Final[_AnyTable] = _table(
    "metric", Column("name", _KEY, primary_key=True), Column("body", Text, nullable=False)
)
LIMIT: Final[_AnyTable] = _table(
    "metric_limit",
    Column("asset", _KEY, primary_key=True),
    Column("metric", _KEY, primary_key=True),
    Column("direction", String(8), primary_key=True),
    Column("body", Text, nullable=False),
)
EDGE: Final[_AnyTable] = _table(
    "edge", Column("source", _KEY, primary_key=True), Column("target", _KEY, primary_key=True)
)
EDGE_TOLD: Final[_AnyTable] = _table(
    "edge_told",
    Column("teller", _KEY, primary_key=True),
    Column("source", _KEY, primary_key=True),
    Column("target", _KEY, primary_key=True),
)
CURSOR: Final[_AnyTable] = _table(
    "collector_cursor", Column("source", _KEY, primary_key=True), Column("body", Text)
)
CREDENTIAL: Final[_AnyTable] = _table(
    "credential",
    Column("digest", _KEY, primary_key=True),
    Column("expires_at", _TIME, nullable=False, index=True),
    Column("body", Text, nullable=False),
)
SERIES: Final[_AnyTable] = _table(
    "series",
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("asset", _KEY, nullable=False, index=True),
    Column("metric", _KEY, nullable=False),
    Column("labels", Text, nullable=False),
    Column("step_ns", BigInteger, nullable=False),
    Column("counter", Boolean, nullable=False),
    UniqueConstraint("asset", "metric", "labels"),
)
WINDOW: Final[_AnyTable] = _table(
    "analysed_window",
    Column("shard", _KEY, primary_key=True),
    Column("analysis", _KEY, primary_key=True),
    Column("window_end", BigInteger, primary_key=True),
    Column("state", String(16), nullable=False),
)
CHECKPOINT: Final[_AnyTable] = _table(
    "checkpoint",
    Column("name", _KEY, primary_key=True),
    Column("version", _KEY, primary_key=True),
    Column("shard", _KEY, primary_key=True),
    Column("window_end", BigInteger, primary_key=True),
    Column("body", Text, nullable=False),
)
INCIDENT: Final[_AnyTable] = _table(
    "incident",
    Column("key", String(64), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("asset", _KEY, nullable=False, index=True),
    Column("is_open", Boolean, nullable=False, index=True),
    Column("opened_at", _TIME, nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("body", Text, nullable=False),
)
ANOMALY: Final[_AnyTable] = _table(
    "anomaly",
    Column("asset", _KEY, primary_key=True),
    Column("signal", _KEY, primary_key=True),
    Column("start_at", _TIME, primary_key=True),
    Column("detector", _KEY, primary_key=True),
    Column("end_at", _TIME),
    Column("body", Text, nullable=False),
    Index("ix_anomaly_start_at", "start_at"),
)
CROSSING: Final[_AnyTable] = _table(
    "crossing",
    Column("asset", _KEY, primary_key=True),
    Column("signal", _KEY, primary_key=True),
    Column("origin", _TIME, nullable=False),
    Column("body", Text, nullable=False),
)
CROSSING_KEPT: Final[_AnyTable] = _table(
    "crossing_kept",
    Column("asset", _KEY, primary_key=True),
    Column("signal", _KEY, primary_key=True),
    Column("origin", _TIME, primary_key=True),
    Column("probability", Float, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_crossing_kept_origin", "origin"),
)
RISK: Final[_AnyTable] = _table(
    "risk", Column("asset", _KEY, primary_key=True), Column("body", Text, nullable=False)
)
DECISION: Final[_AnyTable] = _table(
    "decision",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", _KEY, nullable=False),
    Column("asset", _KEY, nullable=False, index=True),
    Column("action", String(32), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("phrase", Text, nullable=False, server_default=""),
    Column("first_at", _TIME, nullable=False),
    Column("last_at", _TIME, nullable=False, index=True),
    Column("times", Integer, nullable=False),
    Index("ix_decision_subject_id", "subject", "id"),
)
OUTBOX: Final[_AnyTable] = _table(
    "outbox",
    Column("id", _KEY, primary_key=True),
    Column("destination", _KEY, nullable=False),
    Column("incident_key", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("next_at", _TIME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("ticket_id", _KEY, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("looked_at", _TIME),
    Column("draft", Text, nullable=False),
    UniqueConstraint("incident_key", "destination", "sequence"),
    Index("ix_outbox_state_next_at", "state", "next_at"),
)
TICKET: Final[_AnyTable] = _table(
    "ticket",
    Column("destination", _KEY, primary_key=True),
    Column("id", _KEY, primary_key=True),
    Column("incident_key", String(64), nullable=False, index=True),
    Column("is_open", Boolean, nullable=False, index=True),
    Column("body", Text, nullable=False),
)
RUN: Final[_AnyTable] = _table(
    "automation_run",
    Column("id", String(64), primary_key=True),
    Column("incident_key", String(64), nullable=False, index=True),
    Column("runbook", _KEY, nullable=False),
    Column("edition", String(64), nullable=False),
    Column("asset", _KEY, nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("verified", Boolean, nullable=False),
    Column("requested_at", _TIME, nullable=False, index=True),
    Column("started_at", _TIME, index=True),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_automation_run_runbook_edition", "runbook", "edition"),
)
CHANGE: Final[_AnyTable] = _table(
    "planned_change",
    Column("id", _KEY, primary_key=True),
    Column("asset", _KEY, nullable=False, index=True),
    Column("service", _KEY, nullable=False, index=True),
    Column("start_at", _TIME, nullable=False, index=True),
    Column("end_at", _TIME, nullable=False),
    Column("body", Text, nullable=False),
)
ANSWER: Final[_AnyTable] = _table(
    "survey_answer",
    Column("incident_key", String(64), primary_key=True),
    Column("asset", _KEY, nullable=False, index=True),
    Column("at", _TIME, nullable=False, index=True),
    Column("body", Text, nullable=False),
)
AUDIT: Final[_AnyTable] = _table(
    "audit",
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _TIME, nullable=False),
    Column("who", _KEY, nullable=False),
    Column("what", _KEY, nullable=False),
    Column("subject", _KEY, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("digest", String(64), nullable=False),
)
