"""What a verdict would have changed, told before it is given."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.service import ReadService
from aiops.api.v1.incidents import visible_incident
from aiops.domain.incident import OutcomeKind


class PreviewQuery(BaseModel):
    """Which verdict."""

    model_config = ConfigDict(extra="forbid")
    verdict: OutcomeKind = OutcomeKind.FALSE


def add_preview(gate: Gate, service: ReadService) -> None:
    """Adds the route of previews."""

    def preview(request: Request, key: str, query: Annotated[PreviewQuery, Query()]) -> Response:
        viewer = caller_of(request).viewer
        found = visible_incident(service, viewer, key)
        return answer(service.preview(viewer, found, query.verdict))

    gate.add(
        "GET",
        "/api/v1/incidents/{key}/preview",
        Permission.READ,
        preview,
        summary="What a verdict would have changed in the last sixty days",
    )
