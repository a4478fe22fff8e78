"""Answers commands that read this daemon's store from beside it."""

import os
import socket
from datetime import timedelta
from pathlib import Path

import numpy as np
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict

from aiops.contracts.errors import StoreError
from aiops.contracts.store import SeriesStore
from aiops.daemon.server import HttpServer
from aiops.domain.panel import Aggregation
from aiops.store.beside import MEDIA_TYPE, SOCKET, pack

_log = structlog.get_logger("reads")


class _Span(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ids: list[int]
    start: int
    end: int


class _Grid(_Span):
    step_us: int
    aggregation: Aggregation
    counters: list[bool] | None


def serve_reads(store: SeriesStore, directory: Path) -> HttpServer | None:
    """Returns the server, not started; None where the socket cannot be made.

    The system limits the length of a socket's path (to 107 bytes on Linux): a directory deeper
    than that costs the commands beside the daemon, not the daemon.
    """
    path = directory / SOCKET
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        _log.warning("commands cannot read beside the daemon", path=str(path), error=str(error))
        return None
    finally:
        os.umask(before)
    listener.listen(8)
    listener.setblocking(False)
    return HttpServer(_create_app(store), listener, name="reads")


def _create_app(store: SeriesStore) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.post("/samples")
    def samples(asked: _Span) -> Response:
        found = store.samples(np.array(asked.ids, np.int64), asked.start, asked.end)
        return Response(
            pack(ids=found.ids, times=found.times, values=found.values), media_type=MEDIA_TYPE
        )

    @app.post("/panel")
    def panel(asked: _Grid) -> Response:
        found = store.panel(
            np.array(asked.ids, np.int64),
            asked.start,
            asked.end,
            timedelta(microseconds=asked.step_us),
            asked.aggregation,
            None if asked.counters is None else np.array(asked.counters, bool),
        )
        arrays = pack(
            series=found.series, times=found.times, values=found.values, quality=found.quality
        )
        return Response(arrays, media_type=MEDIA_TYPE)

    @app.exception_handler(StoreError)
    def not_read(_request: Request, error: StoreError) -> Response:
        return PlainTextResponse(str(error), 503)

    return app
