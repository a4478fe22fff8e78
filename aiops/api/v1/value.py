"""What predictions were worth, as figures with their cases."""

from datetime import UTC, timedelta
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.service import ReadService
from aiops.learn.table import value_csv

_USUAL = timedelta(days=90)


class ValueQuery(BaseModel):
    """Which time; the last 90 days when nothing is said."""

    model_config = ConfigDict(extra="forbid")
    start: Annotated[AwareDatetime | None, Field(alias="from")] = None
    end: Annotated[AwareDatetime | None, Field(alias="to")] = None
    format: Literal["json", "csv"] = "json"


def add_value(gate: Gate, service: ReadService) -> None:
    """Adds the route of the value report."""

    def value(request: Request, query: Annotated[ValueQuery, Query()]) -> Response:
        end = (query.end or service.now()).astimezone(UTC)
        start = (query.start or end - _USUAL).astimezone(UTC)
        if start >= end:
            raise HTTPException(422, "from: must lie before to")
        found = service.value(caller_of(request).viewer, start, end)
        if query.format == "csv":
            headers = {"Content-Disposition": 'attachment; filename="value.csv"'}
            return Response(value_csv(found), media_type="text/csv", headers=headers)
        return answer(found)

    summary = "What predictions were worth"
    gate.add("GET", "/api/v1/value", Permission.READ, value, summary=summary)
