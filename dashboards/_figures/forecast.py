"""The forecast plot and the small plots of other signals.

Colours are from the Okabe-Ito palette, which people with any colour vision can tell apart.
Source: Okabe & Ito, "Color Universal Design", 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from math import isfinite
from typing import TYPE_CHECKING, Any

from aiops.domain.forecast import Coverage
from dashboards._figures.text import as_text
from dashboards._words import Words, number, scale

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

BLUE = "#0072b2"
ORANGE = "#d55e00"
AMBER = "#e69f00"
GREY = "#7a8794"


@dataclass(frozen=True, slots=True)
class Signal:
    """One series with what is known of its future.

    Attributes:
        levels, quantiles: ``quantiles[k][j]`` is the value at ``future[k]`` for ``levels[j]``.
        at: The moment it was forecast from ("now", or when it was decided).
        warn: A level before the limit that is still to come.
        coverage: What the bands have held of the series' own past, the widest first.
    """

    name: str
    metric: str
    unit: str
    times: Sequence[datetime]
    values: Sequence[float]
    at: datetime
    future: Sequence[datetime] = ()
    levels: Sequence[float] = ()
    quantiles: Sequence[Sequence[float]] = ()
    limit: float | None = None
    direction: str = "up"
    early: datetime | None = None
    likely: datetime | None = None
    late: datetime | None = None
    frozen: bool = field(default=False)
    coverage: Sequence[Coverage] = ()
    warn: float | None = None


def forecast_figure(signal: Signal, words: Words) -> "Figure":
    """Draws history, bands, limit, crossing range and the moment of the forecast."""
    from plotly.graph_objects import Figure

    factor, unit = scale(signal.unit, _largest(signal), signal.metric)
    history = {
        "type": "scatter",
        "mode": _mode(signal),
        "name": words("plot.history"),
        "x": _local(signal.times, words.zone),
        "y": _scaled(signal.values, factor),
        "line": {"color": BLUE, "width": 2},
        "hovertemplate": _hover(unit),
    }
    traces: list[dict[str, Any]] = [*_bands(signal, factor, unit, words), history]
    layout = _layout(words)
    layout["shapes"], layout["annotations"] = _marks(signal, factor, unit, words)
    layout["yaxis"]["title"] = {"text": as_text(unit)}
    layout["yaxis"]["rangemode"] = "tozero" if _near_zero(signal) else "normal"
    layout["xaxis"]["title"] = {"text": as_text(words("plot.zone", zone=words.zone_name))}
    return Figure(data=traces, layout=layout, skip_invalid=False)


def small_figure(signal: Signal, words: Words) -> "Figure":
    """Draws one signal small: its recent past alone."""
    from plotly.graph_objects import Figure

    factor, unit = scale(signal.unit, _largest(signal), signal.metric)
    trace = {
        "type": "scatter",
        "mode": _mode(signal),
        "x": _local(signal.times, words.zone),
        "y": _scaled(signal.values, factor),
        "line": {"color": BLUE, "width": 1.5},
        "hovertemplate": _hover(unit),
    }
    layout = _layout(words)
    layout.update(height=160, showlegend=False, margin={"l": 48, "r": 8, "t": 6, "b": 34})
    layout["xaxis"]["nticks"] = 3
    layout["yaxis"]["nticks"] = 4
    layout["yaxis"]["title"] = {"text": as_text(unit)}
    return Figure(data=[trace], layout=layout)


def _bands(signal: Signal, factor: float, unit: str, words: Words) -> list[dict[str, Any]]:
    if not signal.future or not signal.levels:
        return []
    column = {round(level, 4): j for j, level in enumerate(signal.levels)}
    times = _local(signal.future, words.zone)
    traces: list[dict[str, Any]] = []
    for low, high, share, opacity in _pairs(column):
        for level in (low, high):
            row = _scaled([q[column[level]] for q in signal.quantiles], factor)
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": times,
                    "y": row,
                    "line": {"width": 0},
                    "hoverinfo": "skip",
                    "fill": "tonexty" if level == high else "none",
                    "fillcolor": f"rgba(0,114,178,{opacity})",
                    "name": words("plot.band", share=words.percent(share)),
                    "legendgroup": str(share),
                    "showlegend": level == high,
                }
            )
    middle = min(column, key=lambda level: abs(level - 0.5))
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": words("plot.median"),
            "x": times,
            "y": _scaled([q[column[middle]] for q in signal.quantiles], factor),
            "line": {"color": BLUE, "width": 2, "dash": "dash"},
            "hovertemplate": _hover(unit),
        }
    )
    return traces


def _pairs(column: dict[float, int]) -> list[tuple[float, float, float, float]]:
    """The widest band near 90 % and the one near 50 %, of the levels there are."""
    pairs = [
        (level, round(1 - level, 4), 1 - 2 * level)
        for level in sorted(column)
        if level < 0.5 and round(1 - level, 4) in column
    ]
    if not pairs:
        return []
    wide = min(pairs, key=lambda pair: abs(pair[2] - 0.9))
    narrow = min(pairs, key=lambda pair: abs(pair[2] - 0.5))
    chosen = [(*wide, 0.16)]
    if narrow != wide:
        chosen.append((*narrow, 0.28))
    return chosen


def _marks(
    signal: Signal, factor: float, unit: str, words: Words
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    at = _local([signal.at], words.zone)[0]
    moment = words("plot.then" if signal.frozen else "plot.now")
    dotted = {"color": GREY, "width": 1, "dash": "dot"}
    shapes: list[dict[str, Any]] = [
        {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": dotted}
    ]
    notes: list[dict[str, Any]] = [
        _note(moment, x=at, y=1, yref="paper", xanchor="right", yanchor="top", color=GREY)
    ]
    if signal.early is not None and signal.late is not None:
        x0, x1 = _local([signal.early, signal.late], words.zone)
        area = {"type": "rect", "x0": x0, "x1": x1, "y0": 0, "y1": 1, "yref": "paper"}
        look = {"fillcolor": "rgba(230,159,0,0.20)", "line": {"width": 0}, "layer": "below"}
        shapes.append({**area, **look})
        text = words("plot.crossing")
        notes.append(
            _note(text, x=x0, y=0, yref="paper", xanchor="left", yanchor="bottom", color=ORANGE)
        )
    for level, key, color in (
        (signal.warn, "plot.warn", AMBER),
        (signal.limit, "plot.limit", ORANGE),
    ):
        if level is None or not isfinite(level):
            continue
        y = level * factor
        line = {"color": color, "width": 2 if key == "plot.limit" else 1}
        shapes.append(
            {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": y, "y1": y, "line": line}
        )
        text = words(key, limit=f"{number(y)} {unit}".strip())
        notes.append(
            _note(text, x=0, y=y, xref="paper", xanchor="left", yanchor="bottom", color=ORANGE)
        )
    return shapes, notes


def _note(text: str, *, color: str, **place: Any) -> dict[str, Any]:
    font = {"color": color, "size": 12}
    return {"text": as_text(text), "showarrow": False, "font": font, **place}


def _layout(words: Words) -> dict[str, Any]:
    axis = {"zeroline": False, "automargin": True, "gridcolor": "rgba(128,128,128,0.18)"}
    font = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
    return {
        "template": None,
        "height": 340,
        "margin": {"l": 56, "r": 12, "t": 12, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": font, "size": 12, "color": GREY},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": {
            "type": "date",
            **axis,
            "hoverformat": "%Y-%m-%d %H:%M:%S",
            "tickangle": 0,
            "tickformatstops": [
                {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
                {"dtickrange": [60_000, 86_399_999], "value": "%H:%M\n%m-%d"},
                {"dtickrange": [86_400_000, None], "value": "%m-%d\n%Y"},
            ],
        },
        "yaxis": dict(axis),
        "separators": ".,",
        "meta": {"language": words.language},
    }


def _mode(signal: Signal) -> str:
    """A line of one point is not seen."""
    return "lines" if len(signal.times) > 3 else "lines+markers"


def _hover(unit: str) -> str:
    return f"%{{y:.4~g}} {as_text(unit)}".strip() + "<extra>%{fullData.name}</extra>"


def _local(times: Sequence[datetime], zone: tzinfo) -> list[str]:
    """Plotly knows no zones: it is given the local wall time."""
    return [f"{time.astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}"[:-3] for time in times]


def _scaled(values: Sequence[float], factor: float) -> list[float | None]:
    return [value * factor if isfinite(value) else None for value in values]


def _finite(signal: Signal) -> list[float]:
    numbers = [*signal.values, *(value for row in signal.quantiles for value in row)]
    if signal.limit is not None:
        numbers.append(signal.limit)
    return [value for value in numbers if isfinite(value)]


def _largest(signal: Signal) -> float:
    limit = signal.limit if signal.limit is not None else 0.0
    seen = [abs(value) for value in signal.values if isfinite(value)]
    return max([*seen, abs(limit)], default=0.0)


def _near_zero(signal: Signal) -> bool:
    numbers = _finite(signal)
    return bool(numbers) and min(numbers) >= 0 and min(numbers) < 0.3 * max(numbers)
