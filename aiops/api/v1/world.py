"""Assets, their series, risks, forecasts and decisions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.encode import answer, decision_row, iso_ns
from aiops.api.gate import Gate, caller_of
from aiops.api.language import language_of
from aiops.api.paging import Cursors, Paging
from aiops.api.service import ReadService
from aiops.domain.asset import Asset, Viewer
from aiops.domain.forecast import Forecast
from aiops.domain.series import SeriesInfo


class OfAsset(Paging):
    """A list that may be narrowed to one asset."""

    asset: Annotated[str, Field(max_length=1000)] = ""


class ForecastQuery(Paging):
    """Which forecasts: of one series, or of every series with a crossing."""

    asset: Annotated[str, Field(max_length=1000)] = ""
    series: Annotated[int | None, Field(ge=0, le=2**62)] = None


class DecisionQuery(OfAsset):
    """Which decisions: about one subject (an incident's key) or one asset."""

    subject: Annotated[str, Field(max_length=1000)] = ""
    lang: Literal["", "en", "zh"] = ""


def add_world(gate: Gate, service: ReadService, cursors: Cursors) -> None:
    """Adds the routes of what is watched."""
    ledger = service.ledger

    def assets(request: Request, query: Annotated[Paging, Query()]) -> Response:
        found = sorted(ledger.assets(caller_of(request).viewer), key=lambda a: a.key)
        return answer(cursors.cut(found, query))

    def asset(request: Request, key: str) -> Response:
        return answer(visible_asset(service, caller_of(request).viewer, key))

    def series(request: Request, query: Annotated[OfAsset, Query()]) -> Response:
        viewer = caller_of(request).viewer
        if query.asset:
            keys = {visible_asset(service, viewer, query.asset).key}
        else:
            keys = {item.key for item in ledger.assets(viewer)}
        found = [info for info in ledger.catalogue.all() if info.key.asset in keys]
        page = cursors.cut(found, query)
        metrics = ledger.metrics()
        units = {name: metric.unit for name, metric in metrics.items()}
        page["items"] = [_series_row(info, units) for info in page["items"]]
        return answer(page)

    def risks(request: Request, query: Annotated[Paging, Query()]) -> Response:
        found = ledger.risks(caller_of(request).viewer)
        return answer(cursors.cut(found, query))

    def forecasts(request: Request, query: Annotated[ForecastQuery, Query()]) -> Response:
        viewer = caller_of(request).viewer
        if query.series is not None:
            info = visible_series(service, viewer, [query.series])[0]
            return answer({"items": [_forecast_row(info, service.forecast(info.key))]})
        found = ledger.crossings(viewer, query.asset or None)
        return answer(cursors.cut(found, query))

    def decisions(request: Request, query: Annotated[DecisionQuery, Query()]) -> Response:
        found = ledger.decisions(
            caller_of(request).viewer,
            subject=query.subject or None,
            asset=query.asset or None,
            limit=cursors.read(query.cursor) + query.limit + 1,
        )
        page = cursors.cut(found, query)
        language = language_of(request, service.serving.language)
        page["items"] = [decision_row(each, language) for each in page["items"]]
        return answer(page)

    read = Permission.READ
    gate.add("GET", "/api/v1/assets", read, assets, summary="What is watched")
    gate.add("GET", "/api/v1/assets/{key:path}", read, asset, summary="One asset")
    gate.add("GET", "/api/v1/series", read, series, summary="Series, of one asset or all")
    gate.add("GET", "/api/v1/risks", read, risks, summary="The newest risk of each asset")
    gate.add(
        "GET", "/api/v1/forecasts", read, forecasts, summary="Crossings, or one series' quantiles"
    )
    gate.add("GET", "/api/v1/decisions", read, decisions, summary="Why, and why not")


def visible_asset(service: ReadService, viewer: Viewer, key: str) -> Asset:
    """Returns an asset the viewer may see.

    Raises:
        HTTPException: 404; the same answer whether it is hidden or does not exist.
    """
    found = None if "\x00" in key or len(key) > 1000 else service.ledger.asset(viewer, key)
    if found is None:
        raise HTTPException(404, "there is no such asset, or it is not yours to see")
    return found


def visible_series(service: ReadService, viewer: Viewer, ids: list[int]) -> list[SeriesInfo]:
    """Returns the series of the given ids, in order.

    Raises:
        HTTPException: 404 when one is hidden or does not exist.
    """
    by_id = {info.id: info for info in service.ledger.catalogue.all()}
    found = [by_id[i] for i in ids if i in by_id]
    keys = {info.key.asset for info in found}
    seen = {key for key in keys if service.ledger.asset(viewer, key) is not None}
    if len(found) != len(ids) or seen != keys:
        raise HTTPException(404, "there is no such series, or it is not yours to see")
    return found


def _series_row(info: SeriesInfo, unit_by_metric: dict[str, str]) -> dict[str, Any]:
    return {
        "id": info.id,
        "series": info.key,
        "step_seconds": info.step_ns / 1e9,
        "counter": info.counter,
        "unit": unit_by_metric.get(info.key.metric, ""),
    }


def _forecast_row(info: SeriesInfo, forecast: Forecast | None) -> dict[str, Any]:
    if forecast is None:
        return {"series": info.key, "abstained": "no forecast could be made of it"}
    step_ns = int(forecast.step.total_seconds() * 1e9)
    times: list[str | datetime] = [
        iso_ns(forecast.origin + k * step_ns) for k in range(1, forecast.horizon + 1)
    ]
    return {
        "series": info.key,
        "origin": iso_ns(forecast.origin),
        "step_seconds": step_ns / 1e9,
        "times": times,
        "levels": forecast.levels,
        "quantiles": forecast.quantiles[0],
        "coverage": forecast.coverage,
        "method": forecast.method,
        "version": forecast.version,
    }
