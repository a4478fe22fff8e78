"""What each source sees, and which asset that is."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, or_, select

from aiops.domain.identity import Sighting
from aiops.ledger.encode import dump, load
from aiops.ledger.tables import ASSET, EDGE, INCIDENT, LIMIT, RISK, SIGHTING
from aiops.ledger.upsert import upsert


def put(connection: Connection, sightings: Iterable[Sighting]) -> None:
    """Inserts or replaces by source and the source's own key."""
    rows = [
        {"source": each.source, "seen": each.seen, "asset": each.asset, "body": dump(each)}
        for each in sightings
    ]
    upsert(connection, SIGHTING, rows)


def read(connection: Connection, asset: str | None) -> list[Sighting]:
    """Returns the sightings of one asset, or all, by source and key."""
    query = select(SIGHTING.c.body).order_by(SIGHTING.c.source, SIGHTING.c.seen)
    if asset is not None:
        query = query.where(SIGHTING.c.asset == asset)
    return [load(Sighting, row.body) for row in connection.execute(query)]


def forget_assets(connection: Connection, keys: Sequence[str]) -> None:
    """Drops assets that turned out to be others; those with an incident stay for its sake."""
    if not keys:
        return
    query = select(INCIDENT.c.asset).where(INCIDENT.c.asset.in_(keys))
    kept = {row.asset for row in connection.execute(query)}
    gone = [key for key in keys if key not in kept]
    for column in (ASSET.c.key, RISK.c.asset, LIMIT.c.asset):
        connection.execute(delete(column.table).where(column.in_(gone)))
    connection.execute(delete(EDGE).where(or_(EDGE.c.source.in_(gone), EDGE.c.target.in_(gone))))
