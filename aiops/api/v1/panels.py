"""Values of many series on one grid."""

import io
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import numpy as np
from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer, iso_ns
from aiops.api.gate import Gate, caller_of
from aiops.api.service import ReadService
from aiops.api.v1.world import visible_series
from aiops.domain.panel import Aggregation, Panel
from aiops.domain.series import SeriesInfo
from aiops.domain.step import DAY, STEP_CLASSES

MAX_POINTS: Final = 10_000
"""Points of one answer. Source: bad-input catalogue, H7."""


class PanelQuery(BaseModel):
    """Which series, when, how fine."""

    model_config = ConfigDict(extra="forbid")
    ids: Annotated[str, Field(pattern=r"^[0-9]{1,18}(,[0-9]{1,18}){0,999}$")]
    start: AwareDatetime
    end: AwareDatetime
    step: Annotated[int, Field(ge=1, le=86_400, description="Seconds of a cell.")] = 60
    aggregation: Aggregation = Aggregation.LAST
    format: Literal["json", "npy"] = "json"


def add_panels(gate: Gate, service: ReadService) -> None:
    """Adds the route of values."""

    def panels(request: Request, query: Annotated[PanelQuery, Query()]) -> Response:
        ids = list(dict.fromkeys(int(item) for item in query.ids.split(",")))
        infos = visible_series(service, caller_of(request).viewer, ids)
        start, end = _ns(query.start), _ns(query.end)
        if end <= start:
            raise HTTPException(422, "end: must be after start")
        wanted = query.step * 1_000_000_000
        step = fitting_step(len(ids), start, end, wanted)
        if step is None:
            raise HTTPException(422, f"{len(ids)} series over this time pass {MAX_POINTS} points")
        start, end = start // step * step, -(-end // step) * step
        panel = service.panels.panel(
            np.asarray(ids, np.int64),
            start,
            end,
            timedelta(microseconds=step // 1000),
            query.aggregation,
        )
        if query.format == "npy":
            return _npy(panel, step, wanted)
        return answer(_columns(panel, infos, query.aggregation, step, wanted))

    gate.add(
        "GET",
        "/api/v1/panels",
        Permission.READ,
        panels,
        summary="Values on one grid: JSON columns, or .npy (first row: times in ns)",
    )


def fitting_step(n_series: int, start: int, end: int, wanted: int) -> int | None:
    """Returns the finest step, not finer than wanted, that keeps within the points allowed.

    >>> fitting_step(1, 0, 24 * 3600 * 10**9, 10**9) // 10**9
    10
    """
    steps = [wanted, *(s for s in STEP_CLASSES if s > wanted), *(DAY * n for n in (7, 28, 364))]
    span = end - start
    return next((s for s in steps if (span // s + 2) * n_series <= MAX_POINTS), None)


def _columns(
    panel: Panel, infos: list[SeriesInfo], aggregation: Aggregation, step: int, wanted: int
) -> dict[str, object]:
    return {
        "step_seconds": step / 1e9,
        "downsampled": step != wanted,
        "aggregation": aggregation,
        "times": [iso_ns(int(time)) for time in panel.times],
        "columns": [
            {"id": info.id, "series": info.key, "values": panel.values[row]}
            for row, info in enumerate(infos)
        ],
    }


def _npy(panel: Panel, step: int, wanted: int) -> Response:
    table = np.vstack([panel.times.astype(np.float64), panel.values])
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    headers = {
        "X-Step-Seconds": f"{step / 1e9:g}",
        "X-Downsampled": "true" if step != wanted else "false",
        "Content-Disposition": 'attachment; filename="panel.npy"',
    }
    return Response(buffer.getvalue(), media_type="application/octet-stream", headers=headers)


def _ns(time: datetime) -> int:
    return int(time.timestamp() * 1000) * 1_000_000
