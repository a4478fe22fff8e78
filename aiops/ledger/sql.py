"""The ledger on SQLite or PostgreSQL."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from aiops.contracts.collector import Cursor, Inventory
from aiops.contracts.crash import crashpoint
from aiops.contracts.ledger import LedgerTransaction
from aiops.contracts.store import Catalogue
from aiops.domain.access import Credential
from aiops.domain.asset import Asset
from aiops.ledger import audit, edge_rows, lease, retention
from aiops.ledger.catalogue import SqlCatalogue
from aiops.ledger.encode import canonical, dump, plain, time_text
from aiops.ledger.engine import Connections
from aiops.ledger.reads import Reads
from aiops.ledger.tables import (
    ASSET,
    CREDENTIAL,
    CURSOR,
    DECISION,
    INCIDENT,
    LIMIT,
    METRIC,
    TICKET,
)
from aiops.ledger.transaction import SqlTransaction
from aiops.ledger.upsert import upsert


class SqlLedger(Reads):
    """Keeps :class:`aiops.contracts.ledger.Ledger`; safe to use from several threads."""

    def __init__(
        self,
        connections: Connections,
        installation: str,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._connections = connections
        self._installation = installation
        self._on_close = on_close
        self._catalogue = SqlCatalogue(connections)

    @property
    def catalogue(self) -> Catalogue:
        """Series keys to ids."""
        return self._catalogue

    @property
    def installation(self) -> str:
        """Random id of this installation, made at first start."""
        return self._installation

    @contextmanager
    def begin(self, fence: int | None = None) -> Iterator[LedgerTransaction]:
        """Opens a transaction; commits at the end of the block, rolls back on any error.

        Raises:
            Fenced: The token is older than the newest lease: another daemon leads now.
            StoreError: Nothing was committed.
        """
        with self._connections.write() as connection:
            if fence is not None:
                lease.check(connection, fence)
            yield SqlTransaction(connection)
            crashpoint("ledger.before_commit")
        crashpoint("ledger.after_commit")

    def acquire_lease(self, owner: str, ttl: timedelta, now: datetime) -> int | None:
        """Takes or renews the leader lease; returns the fencing token, None if another holds it."""
        with self._connections.write() as connection:
            return lease.acquire(connection, owner, ttl, now)

    def release_lease(self, owner: str) -> None:
        """Gives the lease up, if held."""
        with self._connections.write() as connection:
            lease.release(connection, owner)

    def put_inventory(self, source: str, inventory: Inventory, now: datetime) -> None:
        """Adds or updates assets, metrics, limits and edges a source has discovered.

        Of a whole inventory, edges that the source told before and does not tell now go,
        unless another source, or the configuration, tells of them.
        """
        at = time_text(now)
        with self._connections.write() as connection:
            upsert(connection, ASSET, [_asset_row(each, source, at) for each in inventory.assets])
            upsert(
                connection,
                METRIC,
                [{"name": each.name, "body": dump(each)} for each in inventory.metrics],
            )
            limits = [
                {
                    "asset": each.asset,
                    "metric": each.metric,
                    "direction": each.direction.value,
                    "body": dump(each),
                }
                for each in inventory.limits
            ]
            upsert(connection, LIMIT, limits)
            edge_rows.put(connection, source, inventory.edges)
            if inventory.whole:
                edge_rows.keep_only(connection, source, inventory.edges)

    def put_cursor(self, source: str, cursor: Cursor) -> None:
        """Remembers a collector's cursor; called after its batch is durable."""
        with self._connections.write() as connection:
            upsert(connection, CURSOR, [{"source": source, "body": canonical(plain(dict(cursor)))}])

    def put_credential(self, credential: Credential) -> None:
        """Inserts or replaces by digest."""
        row = {
            "digest": credential.digest,
            "expires_at": time_text(credential.expires_at),
            "body": dump(credential),
        }
        with self._connections.write() as connection:
            upsert(connection, CREDENTIAL, [row])

    def delete_credential(self, digest: str) -> None:
        """Removes a token, session or link."""
        with self._connections.write() as connection:
            connection.execute(delete(CREDENTIAL).where(CREDENTIAL.c.digest == digest))

    def prune(self, before: datetime) -> int:
        """Drops old trace rows, anomalies, crossings, windows and credentials.

        Incidents, tickets, unsent messages and the audit log are kept.

        Returns:
            The number of rows that went.
        """
        with self._connections.write() as connection:
            return retention.prune(connection, before)

    def status(self) -> Mapping[str, object]:
        """Returns figures for ``doctor``, ``/readyz`` and ``/metrics``."""
        with self._connections.read() as connection:

            def count(query: object) -> int:
                return int(connection.execute(query).scalar_one())  # type: ignore[call-overload]  # any select

            return {
                "dialect": self._connections.dialect,
                "series": len(self._catalogue.all()),
                "assets": count(select(func.count()).select_from(ASSET)),
                "incidents": count(select(func.count()).select_from(INCIDENT)),
                "open_incidents": count(
                    select(func.count()).select_from(INCIDENT).where(INCIDENT.c.is_open)
                ),
                "open_tickets": count(
                    select(func.count()).select_from(TICKET).where(TICKET.c.is_open)
                ),
                "decisions": count(select(func.count()).select_from(DECISION)),
                "audit_rows": audit.count(connection),
                "outbox": {
                    f"{destination} {state}": number
                    for (destination, state), number in self.outbox_counts().items()
                },
            }

    def close(self) -> None:
        """Closes every connection; never raises."""
        self._connections.engine.dispose()
        self._on_close()


def _asset_row(asset: Asset, source: str, at: str) -> dict[str, str]:
    return {
        "key": asset.key,
        "owner": asset.owner,
        "site": asset.site,
        "source": source,
        "updated_at": at,
        "body": dump(asset),
    }
