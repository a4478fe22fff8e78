"""Who changed what, and whether the record of it is whole."""

from typing import Annotated

from fastapi import Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.paging import Cursors, Paging
from aiops.api.service import ReadService


def add_audit(gate: Gate, service: ReadService, cursors: Cursors) -> None:
    """Adds the route of the audit log."""

    def audit(request: Request, query: Annotated[Paging, Query()]) -> Response:
        if not caller_of(request).viewer.everything:
            raise HTTPException(403, "the audit log is for who sees everything")
        rows = service.ledger.audit_rows(cursors.read(query.cursor) + query.limit + 1)
        broken = service.ledger.verify_audit()
        page = cursors.cut(rows, query)
        return answer({**page, "whole": broken is None, "first_broken": broken})

    gate.add(
        "GET",
        "/api/v1/audit",
        Permission.APPROVE,
        audit,
        summary="Who changed what, and whether the record is whole",
    )
