"""Health, metrics and the description of the API."""

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from aiops.api.access import Permission
from aiops.api.encode import answer
from aiops.api.gate import Gate
from aiops.api.service import ReadService


def add_health(gate: Gate, app: FastAPI, service: ReadService) -> None:
    """Adds ``/livez``, ``/readyz``, ``/metrics``, the status and the OpenAPI document."""

    def livez() -> Response:
        return PlainTextResponse("ok\n")

    def readyz() -> Response:
        ready = service.ready()
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)

    def metrics() -> Response:
        return Response(service.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def openapi() -> Response:
        return answer(app.openapi())

    def status() -> Response:
        return answer(service.status())

    gate.add("GET", "/livez", Permission.OPEN, livez, summary="The process answers")
    gate.add("GET", "/readyz", Permission.OPEN, readyz, summary="The service does its work")
    gate.add("GET", "/metrics", Permission.LOOPBACK, metrics, summary="Own metrics (Prometheus)")
    gate.add("GET", "/api/openapi.json", Permission.READ, openapi, include_in_schema=False)
    gate.add("GET", "/api/v1/status", Permission.READ, status, summary="How the service is")
