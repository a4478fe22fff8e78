"""Reads samples from a database with a query of the user's own."""

from typing import Final

from aiops.contracts.collector import Collector
from aiops.contracts.plugin import Plugin, Stability
from collectors.sql.settings import SqlSettings


def _create(settings: SqlSettings) -> Collector:
    from collectors.sql.collector import SqlCollector

    return SqlCollector(settings)


PLUGIN: Final = Plugin(
    summary="Any database SQLAlchemy knows: a query that returns time, asset, metric, value",
    settings=SqlSettings,
    create=_create,
    stability=Stability.BETA,
)
"""The sql collector."""
