"""Decoding what InfluxDB answers, beside influxdb-client's own way to a data frame."""

import importlib.util
import io
from pathlib import Path
from typing import Final

import numpy as np

from aiops.bench.fleet import BEGIN
from aiops.bench.measure import Figure, NotRun, in_turns
from aiops.domain.instant import from_ns
from aiops.domain.step import MINUTE
from aiops.store.remote.annotated_csv import decode

_MOST_SERIES, _MOST_POINTS = 500, 400
_HEADER: Final = (
    "#datatype,string,long,dateTime:RFC3339,double,string",
    "#group,false,false,false,false,true",
    "#default,_result,,,,",
    ",result,table,_time,_value,aiops_series",
)


def measure(n_series: int, n_points: int, _folder: Path) -> list[Figure]:
    """One slice of a fleet, as annotated CSV of the form a server answers."""
    for library in ("influxdb_client", "pandas"):
        if importlib.util.find_spec(library) is None:
            raise NotRun(f"{library} is not installed (pip install 'aiops[influxdb]' pandas)")
    from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

    series, points = min(n_series, _MOST_SERIES), min(n_points, _MOST_POINTS)
    body = _annotated(series, points)

    class Response(io.BytesIO):
        def release_conn(self) -> None:
            """Is asked for by the parser."""

    def read_as_frames() -> object:
        parser = FluxCsvParser(Response(body), FluxSerializationMode.dataFrame)  # type: ignore[no-untyped-call,unused-ignore]  # the library has no types
        with parser:
            return list(parser.generator())  # type: ignore[no-untyped-call,unused-ignore]  # the same

    took = in_turns(lambda: decode(body, "bench"), read_as_frames, rounds=3)
    return [
        Figure(
            "remote.flux_decode",
            f"{series} series x {points} points of annotated CSV into arrays",
            took[0],
            "influxdb-client's data frames of the same bytes",
            took[1],
            0.2,
        )
    ]


def _annotated(series: int, points: int) -> bytes:
    rng = np.random.default_rng(1)
    lines = list(_HEADER)
    times = [f"{from_ns(BEGIN + k * MINUTE):%Y-%m-%dT%H:%M:%SZ}" for k in range(points)]
    for number in range(series):
        values = np.round(rng.normal(50, 9, points), 2).tolist()
        lines += [
            f",,{number},{time},{value},{number}" for time, value in zip(times, values, strict=True)
        ]
    return "\r\n".join([*lines, "", ""]).encode()
