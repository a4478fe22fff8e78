"""Dependencies, and who tells of them: an edge goes when nobody does any longer."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, select

from aiops.domain.asset import Edge
from aiops.ledger.tables import EDGE, EDGE_TOLD
from aiops.ledger.upsert import upsert


def put(connection: Connection, teller: str, edges: Iterable[Edge]) -> None:
    """Inserts edges that a source, or the configuration, tells of."""
    rows = [{"source": each.source, "target": each.target} for each in edges]
    upsert(connection, EDGE, rows)
    upsert(connection, EDGE_TOLD, [{"teller": teller, **row} for row in rows])


def forget(connection: Connection, teller: str, edges: Iterable[Edge]) -> None:
    """Drops edges of a teller; what others tell of stays."""
    for each in edges:
        told = _same(EDGE_TOLD, each)
        connection.execute(delete(EDGE_TOLD).where(told, EDGE_TOLD.c.teller == teller))
        others = exists(select(EDGE_TOLD.c.teller).where(told))
        connection.execute(delete(EDGE).where(_same(EDGE, each), ~others))


def keep_only(connection: Connection, teller: str, edges: Iterable[Edge]) -> None:
    """Drops what a teller told before and tells no longer."""
    rows = connection.execute(
        select(EDGE_TOLD.c.source, EDGE_TOLD.c.target).where(EDGE_TOLD.c.teller == teller)
    )
    before = {Edge(row.source, row.target) for row in rows}
    forget(connection, teller, sorted(before - set(edges), key=lambda e: (e.source, e.target)))


def _same(table: Any, edge: Edge) -> Any:
    return and_(table.c.source == edge.source, table.c.target == edge.target)
