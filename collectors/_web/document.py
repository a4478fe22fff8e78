"""One JSON document within a hard deadline and hard limits."""

import ssl
from collections.abc import Mapping
from typing import Any

import orjson

from aiops.contracts.errors import Unreachable
from collectors._web.fetch import fetch


def fetch_json(
    url: str,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
    seconds: float,
    max_bytes: int,
    question: Any = None,
) -> Any:
    """Reads one document.

    Args:
        question: Is posted as JSON when there is one.

    Raises:
        Unreachable: No answer (see :func:`fetch`), or ``format``: one that is no JSON.
    """
    told = {"Accept": "application/json", **headers}
    body = None
    if question is not None:
        told["Content-Type"] = "application/json"
        body = orjson.dumps(question)
    page = fetch(url, told, context, seconds, max_bytes, body)
    try:
        return orjson.loads(page.body)
    except orjson.JSONDecodeError as error:
        raise Unreachable(f"{url}: the answer is no JSON", "format") from error
