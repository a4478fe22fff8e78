"""The replay report as one self-contained page: time line, lead times, calibration, list."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from aiops.replay.bundle import Bundle
from aiops.replay.tables import write_bytes

_COLOURS: Final = {
    "happened": "#0072b2",
    "averted": "#009e73",
    "open": "#8a8a8a",
    "false": "#d55e00",
    "expired": "#d55e00",
}
"""Okabe and Ito's colour-blind-safe palette."""

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
body{color:#1c2430}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .3rem}
p.note{color:#5b6675;margin:.2rem 0}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:1rem;margin:1.2rem 0}
dl div{border:1px solid #d9dee5;border-radius:.5rem;padding:.6rem .8rem}
dt{color:#5b6675;font-size:.8rem}dd{margin:0;font-size:1.35rem;font-weight:600}
table{border-collapse:collapse;width:100%;font-size:.85rem}
td,th{border-bottom:1px solid #e4e8ee;padding:.35rem .5rem;text-align:left;vertical-align:top}
.tag{border-radius:.3rem;padding:.05rem .4rem;color:#fff;white-space:nowrap}
"""


def write_page(report: Mapping[str, Any], bundle: Bundle, out: str) -> None:
    """Writes the page; it needs no network.

    Raises:
        InputError: The place cannot be written.
    """
    import plotly

    incidents = report["incidents"]
    figures = [
        ("Incidents and failures on the time line", _timeline(incidents, bundle), True),
        ("Lead time of warnings", _leads(incidents), bool(report["warned"])),
        ("Is the probability right?", _calibration(incidents), len(incidents) > 0),
    ]
    scripts = f"<script>{plotly.offline.get_plotlyjs()}</script>"
    drawn = "".join(
        f"<h2>{escape(title)}</h2>"
        + figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            config={"displaylogo": False},
            div_id=f"figure-{number}",  # a random one would make two equal reports differ
        )
        for number, (title, figure, has_data) in enumerate(figures)
        if has_data
    )
    body = (
        "<h1>Replay report</h1><p class=note>What the service would have said, had it watched "
        "this history; nothing was sent.</p>"
        f"<dl>{_facts(report)}</dl>{drawn}<h2>Every incident</h2>{_table(incidents)}"
    )
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>aiops replay</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>{scripts}{body}"
    )
    write_bytes(page.encode(), out)


def _facts(report: Mapping[str, Any]) -> str:
    lead, window = report["lead_time_hours"]["median"], report["window_hours"]["median"]
    cost = report["cost"]
    facts = [
        ("failures", f"{report['failures']}"),
        ("warned of", f"{report['warned']}"),
        ("missed", f"{report['missed']}"),
        ("false incidents", f"{report['false_incidents']}"),
        ("false per asset and month", _number(report["false_per_asset_month"], 3)),
        ("median lead time", f"{_number(lead, 1)} h"),
        ("median range", f"{_number(window, 1)} h"),
        ("downtime warned of", f"{cost['downtime_warned']:,.0f} {cost['currency']}"),
        ("cost of false alarms", f"{cost['false_alarms']:,.0f} {cost['currency']}"),
    ]
    return "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)


def _timeline(incidents: Sequence[Mapping[str, Any]], bundle: Bundle) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    for outcome, colour in _COLOURS.items():
        mine = [i for i in incidents if i["outcome"] == outcome and i["predicted"]]
        if not mine:
            continue
        x: list[str | None] = []
        y: list[str | None] = []
        for incident in mine:
            x += [incident["opened_at"], incident["predicted"]["late"], None]
            y += [incident["asset"], incident["asset"], None]
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 7}, name=outcome)
    figure.add_scatter(
        x=[failure.at for failure in bundle.failures],
        y=[failure.asset for failure in bundle.failures],
        mode="markers",
        marker={"symbol": "x", "size": 10, "color": "#000"},
        name="failure",
    )
    rows = len({i["asset"] for i in incidents} | {f.asset for f in bundle.failures})
    return _laid_out(figure, 160 + 18 * rows, "opened until late", None)


def _leads(incidents: Sequence[Mapping[str, Any]]) -> Any:
    import plotly.graph_objects as go

    leads = [i["lead_time_hours"] for i in incidents if i["lead_time_hours"] is not None]
    figure = go.Figure(go.Histogram(x=leads, marker_color="#0072b2"))
    return _laid_out(figure, 260, "hours before the failure", "warnings")


def _calibration(incidents: Sequence[Mapping[str, Any]]) -> Any:
    import plotly.graph_objects as go

    bins: dict[int, list[bool]] = {}
    for incident in incidents:
        if incident["predicted"] and incident["outcome"] != "open":
            place = min(int(incident["predicted"]["probability"] * 10), 9)
            bins.setdefault(place, []).append(incident["outcome"] == "happened")
    places = sorted(bins)
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot"}, name="perfect")
    figure.add_scatter(
        x=[(place + 0.5) / 10 for place in places],
        y=[sum(bins[place]) / len(bins[place]) for place in places],
        text=[f"n={len(bins[place])}" for place in places],
        mode="markers+text",
        textposition="top center",
        marker={"size": 10, "color": "#0072b2"},
        name="share that failed",
    )
    return _laid_out(figure, 320, "probability when it opened", "share that failed")


def _laid_out(figure: Any, height: int, x: str, y: str | None) -> Any:
    return figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 40, "b": 40},
        template="plotly_white",
        xaxis_title=x,
        yaxis_title=y,
        legend={"orientation": "h", "y": 1.12},
    )


def _table(incidents: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{_when(i['opened_at'])}<td>{escape(i['asset'])}<td>{i['kind']}"
        f"<td><span class=tag style='background:{_COLOURS.get(i['outcome'], '#555')}'>"
        f"{i['outcome']}</span><td>{_number(i['lead_time_hours'], 1)}<td>{escape(i['sentence'])}"
        for i in incidents
    )
    head = "".join(
        f"<th>{name}" for name in ("opened", "asset", "kind", "outcome", "lead, h", "what was said")
    )
    return f"<table><tr>{head}{rows}</table>"


def _when(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
