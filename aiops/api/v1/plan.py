"""What if: when limits are met as things go on, and as somebody supposes."""

import csv
import io
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate, caller_of
from aiops.api.service import ReadService
from aiops.forecast.plan import Plan, Scenario, amount, as_cell


class PlanQuery(BaseModel):
    """What is supposed, and of which series."""

    model_config = ConfigDict(extra="forbid")
    asset: Annotated[str, Field(max_length=1000)] = "*"
    metric: Annotated[str, Field(max_length=1000)] = ""
    growth: Annotated[float, Field(ge=0, le=100)] = 1.0
    add: Annotated[str, Field(max_length=40)] = ""
    days: Annotated[int, Field(ge=1, le=366)] = 28
    every: Annotated[int, Field(ge=1, le=366)] = 7
    format: Literal["json", "csv"] = "json"


def add_plan(gate: Gate, service: ReadService) -> None:
    """Adds the route."""

    def plan(request: Request, query: Annotated[PlanQuery, Query()]) -> Response:
        if query.days < query.every:
            raise HTTPException(422, "every: must not be more than days")
        added = 0.0
        if query.add:
            metric = service.ledger.metrics().get(query.metric)
            if metric is None:
                raise HTTPException(422, "add: name the metric it is added to, with metric=")
            try:
                added = amount(query.add, metric.unit)
            except ValueError as error:
                raise HTTPException(422, f"add: {error}") from error
        scenario = Scenario(
            timedelta(days=query.days),
            timedelta(days=query.every),
            query.growth,
            added,
            query.metric,
            query.asset,
        )
        found = service.plan(caller_of(request).viewer, scenario)
        if query.format == "csv":
            return Response(_csv(found), media_type="text/csv; charset=utf-8")
        body: dict[str, Any] = {"fleet": found.fleet(), "items": list(found.table())}
        return answer(body)

    summary = "When limits are met: as it is, with more growth, with an amount added"
    gate.add("GET", "/api/v1/plan", Permission.READ, plan, summary=summary)


def _csv(found: Plan) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, found.columns)
    writer.writeheader()
    for row in found.table():
        writer.writerow({name: as_cell(value) for name, value in row.items()})
    return text.getvalue()
