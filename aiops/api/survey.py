"""The page behind a signed link: it answers one question and shows nothing of the incident."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from aiops.api.access import Permission
from aiops.api.body import read_form
from aiops.api.gate import Gate
from aiops.api.pages import SURVEY, render
from aiops.api.service import ReadService
from aiops.contracts.dashboard import Page


def add_survey(gate: Gate, service: ReadService, page: Page) -> None:
    """Adds the routes. Opening the link changes nothing: link previews open links too."""

    def show(request: Request, key: str) -> Response:
        if service.surveyed(key) is None:
            return render(service, page, request, None, key, 404, gone="1")
        return render(service, page, request, None, key)

    def take(request: Request, key: str, score: str) -> Response:
        incident = service.surveyed(key)
        if incident is None or not (len(score) == 1 and score in "12345"):
            return render(service, page, request, None, key, 404, gone="1")
        service.answer(incident, int(score), "link", "")
        return render(service, page, request, None, key, done="1")

    async def answer(request: Request, key: str) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(take, request, key, form.get("score", ""))

    gate.add("GET", SURVEY, Permission.OPEN, show, include_in_schema=False)
    gate.add("POST", SURVEY, Permission.OPEN, answer, include_in_schema=False)
