"""The one place where a viewer's scope becomes part of a query."""

from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from aiops.domain.asset import Viewer
from aiops.ledger.tables import ASSET


def seen_by(viewer: Viewer, query: Select[Any], asset: ColumnElement[str]) -> Select[Any]:
    """Returns the query reduced to rows whose asset the viewer may see.

    A row of an asset that is not in the inventory is seen only by who may see everything.
    """
    if viewer.everything:
        return query
    scope = or_(ASSET.c.owner.in_(sorted(viewer.teams)), ASSET.c.site.in_(sorted(viewer.sites)))
    return query.where(asset.in_(select(ASSET.c.key).where(scope)))
