"""The page behind a signed link: it gives one verdict on one incident."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.body import read_form
from aiops.api.gate import Gate
from aiops.api.pages import VERDICT, render
from aiops.api.service import ReadService
from aiops.contracts.dashboard import Page


def add_verdict(gate: Gate, service: ReadService, page: Page) -> None:
    """Adds the routes. Opening the link changes nothing: link previews open links too."""

    def show(request: Request, key: str) -> Response:
        asked = service.judgeable(key)
        if asked is None:
            return render(service, page, request, None, key, 404, gone="1")
        incident, verdict = asked
        return render(service, page, request, None, key, of=incident.display, verdict=verdict)

    def take(request: Request, key: str) -> Response:
        if service.judge(key) is None:
            return render(service, page, request, None, key, 404, gone="1")
        return render(service, page, request, None, key, done="1")

    async def judge(request: Request, key: str) -> Response:
        await read_form(request)
        return await run_in_threadpool(take, request, key)

    gate.add("GET", VERDICT, Permission.OPEN, show, include_in_schema=False)
    gate.add("POST", VERDICT, Permission.OPEN, judge, include_in_schema=False)
