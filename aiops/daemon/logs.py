"""Structured logs: one line per event, control characters escaped, secrets never."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_URL = re.compile(
    r"\b([a-z][a-z0-9+.-]*://)([^\s/@\"']*@)?([^\s/\"']+)(/[^\s\"']*)?", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST = 4096


def redact(text: str) -> str:
    """Returns the text with user info, paths and queries of URLs taken out.

    A chat or webhook address is a credential by itself.

    >>> redact("POST https://u:p@hooks.example.org/T0/secret?k=v failed")
    'POST https://hooks.example.org/… failed'
    """
    return _URL.sub(lambda m: f"{m[1]}{m[3]}{'/…' if m[4] and m[4] != '/' else ''}", text)


def configure(level: str, form: str) -> None:
    """Sets up logging to standard error, once, as ``text`` or ``json``."""
    render: Any = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _clean,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A tick that takes longer than its interval is no fault: the next one catches up.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _clean(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            text = _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}", redact(value))
            event[key] = text if key == "exception" else text.replace("\n", "\\n")[:_LONGEST]
    return event
