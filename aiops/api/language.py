"""In which language a request is answered."""

from typing import Final

from fastapi import Request

from aiops.contracts.dashboard import LANGUAGES

LANGUAGE_COOKIE: Final = "aiops_lang"


def language_of(request: Request, default: str) -> str:
    """Returns the language: asked for, remembered, preferred by the browser, or the default."""
    asked = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    for choice in asked:
        if choice in LANGUAGES:
            return choice
    for part in request.headers.get("accept-language", "").split(",")[:20]:
        code = part.partition(";")[0].strip().lower().partition("-")[0]
        if code in LANGUAGES:
            return code
    return default if default in LANGUAGES else LANGUAGES[0]
