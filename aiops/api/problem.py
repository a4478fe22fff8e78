"""Errors as ``application/problem+json``. Source: RFC 9457."""

from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aiops.contracts.errors import AiopsError, Refused


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, fields: object = None
) -> Response:
    """Returns an error answer: what happened and what to do."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if fields is not None:
        body["errors"] = fields
    return Response(
        orjson.dumps(body), status, media_type="application/problem+json", headers=headers
    )


class SignInNeeded(HTTPException):
    """A person with a browser has no session: the sign-in page is shown, with status 401."""


def unauthorised(request: Request) -> HTTPException:
    """The one answer to a missing, wrong, expired or deleted credential."""
    for_people = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    kind = SignInNeeded if for_people else HTTPException
    return kind(
        401,
        "a valid token or session is needed; make one with `aiops token` or open a sign-in link",
        {"WWW-Authenticate": "Bearer"},
    )


def install_problems(app: FastAPI) -> None:
    """Makes every error of the application speak problem+json."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(AiopsError, _on_ours)
    app.add_exception_handler(Exception, _on_any)


def _on_http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover -- starlette's typing only
        raise error
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers=headers)


def _on_validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):  # pragma: no cover -- as above
        raise error
    fields = [
        {"field": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
        for item in error.errors()
    ]
    names = ", ".join(item["field"] for item in fields)
    return problem(422, f"not understood: {names}", fields=fields)


def _on_refused(_request: Request, error: Exception) -> Response:
    return problem(409, str(error))


def _on_ours(_request: Request, error: Exception) -> Response:
    return problem(503, str(error), headers={"Retry-After": "5"})


def _on_any(_request: Request, _error: Exception) -> Response:
    return problem(500, "this request failed inside the service; its log says why")
