"""The trace of an incident or an asset, from sample to send."""

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.language import language_of
from aiops.api.service import ReadService
from aiops.incident.why import read_trace


def add_why(gate: Gate, service: ReadService) -> None:
    """Adds the route of traces."""

    def why(request: Request, key: str) -> Response:
        known = None
        if "\x00" not in key and len(key) <= 1000:
            language = language_of(request, service.serving.language)
            viewer = caller_of(request).viewer
            known = read_trace(service.ledger, viewer, key, service.now(), language)
        if known is None:
            raise HTTPException(404, "there is no such incident or asset, or it is not yours")
        return answer(known)

    summary = "The trace of an incident or asset"
    gate.add("GET", "/api/v1/why/{key:path}", Permission.READ, why, summary=summary)
