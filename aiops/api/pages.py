"""Serves the pages of the dashboards' shelf, each under its permission."""

from pathlib import Path
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from aiops.api.access import Permission, may
from aiops.api.gate import Caller, Gate, caller_of
from aiops.api.language import LANGUAGE_COOKIE, language_of
from aiops.api.service import ReadService
from aiops.contracts.dashboard import Page, View
from aiops.contracts.errors import PluginError
from aiops.domain.asset import Viewer
from aiops.plugins import list_names, load

SIGN_IN: Final = "/login"
SURVEY: Final = "/survey/{key}"
VERDICT: Final = "/verdict/{key}"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def add_pages(gate: Gate, service: ReadService) -> tuple[Page, Page, Page]:
    """Adds every page and its static files; returns those for people without a session.

    Raises:
        PluginError: No page is served at ``/login``, or two pages or files share a name.
    """
    pages, files = _load_pages()
    lacking = {SIGN_IN, SURVEY, VERDICT} - pages.keys()
    if lacking:
        raise PluginError(f"dashboards: no page is served at {min(lacking)}; reinstall aiops")
    open_pages = pages.pop(SIGN_IN), pages.pop(SURVEY), pages.pop(VERDICT)
    for page in pages.values():
        _add_page(gate, service, page)

    def static(name: str) -> Response:
        path = files.get(name)
        if path is None:
            raise HTTPException(404, "there is no such file")
        headers = {"Cache-Control": "public, max-age=3600"}
        return FileResponse(path, media_type=_TYPES.get(path.suffix), headers=headers)

    gate.add("GET", "/static/{name}", Permission.OPEN, static, include_in_schema=False)
    return open_pages


def _load_pages() -> tuple[dict[str, Page], dict[str, Path]]:
    """Returns the shelf's pages by path, and their files by name."""
    pages: dict[str, Page] = {}
    files: dict[str, Path] = {}
    for name in list_names("dashboards"):
        plugin = load("dashboards", name)
        page = plugin.create(plugin.settings())
        if not isinstance(page, Page):
            raise PluginError(f"dashboards: {name} creates no page; see aiops.contracts.dashboard")
        for file_name, path in page.files.items():
            if files.setdefault(file_name, path) != path:
                raise PluginError(f"dashboards: two pages bring the file {file_name!r}")
        if page.path in pages:
            raise PluginError(f"dashboards: two pages are served at {page.path!r}")
        pages[page.path] = page
    return pages, files


def _add_page(gate: Gate, service: ReadService, page: Page) -> None:
    def show(request: Request) -> Response:
        caller = caller_of(request)
        key = str(request.path_params.get("key", ""))
        return render(service, page, request, caller, key)

    gate.add("GET", page.path, Permission.READ, show, include_in_schema=False)


def render(
    service: ReadService,
    page: Page,
    request: Request,
    caller: Caller | None,
    key: str = "",
    status: int | None = None,
    **query: str,
) -> Response:
    """Renders a page in the language of the request.

    Args:
        status: Takes the place of the page's own status.
        query: Added to the query parameters.
    """
    language = language_of(request, service.serving.language)
    view = View(
        viewer=Viewer() if caller is None else caller.viewer,
        language=language,
        now=service.now(),
        key=key,
        query={**dict(request.query_params), **query},
        csrf="" if caller is None else caller.csrf,
        may_act=caller is not None and may(caller.credential.role, Permission.ACT),
        may_approve=caller is not None and may(caller.credential.role, Permission.APPROVE),
        signed_in=caller is not None,
    )
    rendered = page.render(service, view)
    response = HTMLResponse(rendered.html, status or rendered.status)
    if request.query_params.get("lang") == language:
        response.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=365 * 86_400,
            httponly=True,
            samesite="lax",
            secure=service.serving.tls,
        )
    return response
