"""Settings of the sql collector."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """One database and one query."""

    database: str = field(
        metadata={"help": "SQLAlchemy URL without password: postgresql+psycopg://…"}
    )
    query: str = field(
        metadata={"help": "SELECT of time, asset, metric, value; :since and :until bound it."}
    )
    password: Secret | None = field(
        default=None, metadata={"help": "Password for the URL's user (env: or file:)."}
    )
    time_zone: str = field(default="UTC", metadata={"help": "IANA zone of times that carry none."})
    history: timedelta = field(
        default=timedelta(hours=1), metadata={"help": "How far back the first collection reads."}
    )
    overlap: timedelta = field(
        default=timedelta(0),
        metadata={"help": "Read so much again, where rows are written late."},
    )
    units: tuple[str, ...] = field(
        default=(), metadata={"help": "Units as metric=code, such as queue.length={message}."}
    )
    max_rows: int = field(
        default=100_000, metadata={"help": "More rows are left for the next collection."}
    )
