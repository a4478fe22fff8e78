"""Signing in by a one-time link or a token, and out."""

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from aiops.api.access import Permission, check, digest_of, new_session
from aiops.api.body import read_form
from aiops.api.gate import Gate
from aiops.api.pages import SIGN_IN, render
from aiops.api.problem import SignInNeeded
from aiops.api.service import ReadService
from aiops.contracts.dashboard import Page


def add_sign_in(gate: Gate, app: FastAPI, service: ReadService, page: Page) -> None:
    """Adds ``/login`` and ``/logout``.

    Opening the link shows a page that posts it: a GET changes nothing, so that a link
    preview or a virus scanner cannot use the link up.
    """

    def show(request: Request) -> Response:
        return render(service, page, request, None)

    def ask(request: Request, _error: Exception) -> Response:
        return render(service, page, request, None, status=401)

    def exchange(request: Request, kind: str, secret: str) -> Response:
        now = service.now()
        ledger = service.ledger
        found = check(ledger.credential(digest_of(secret)), kind, now)
        if found is None:
            return render(service, page, request, None, status=401, used="1")
        if kind == "link":
            ledger.delete_credential(found.digest)
        session_secret, session = new_session(found, now)
        ledger.put_credential(session)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            gate.cookie,
            session_secret,
            max_age=int((session.expires_at - now).total_seconds()),
            httponly=True,
            samesite="lax",
            secure=service.serving.tls,
            path="/",
        )
        return answer

    async def sign_in(request: Request) -> Response:
        form = await read_form(request)
        kind = "token" if "token" in form else "link"
        return await run_in_threadpool(exchange, request, kind, form.get(kind, "").strip())

    def sign_out(request: Request) -> Response:
        secret = request.cookies.get(gate.cookie, "")
        if secret:
            service.ledger.delete_credential(digest_of(secret))
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(gate.cookie, path="/", secure=service.serving.tls, httponly=True)
        return answer

    app.add_exception_handler(SignInNeeded, ask)
    gate.add("GET", SIGN_IN, Permission.OPEN, show, include_in_schema=False)
    gate.add("POST", SIGN_IN, Permission.OPEN, sign_in, include_in_schema=False)
    gate.add("POST", "/logout", Permission.OPEN, sign_out, include_in_schema=False)
