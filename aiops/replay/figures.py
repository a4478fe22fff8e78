"""The report's plots: the choice of a bar, calibration, lead times, weeks, the time line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Final

from aiops.domain.incident import IncidentKind
from aiops.replay.choice import Choice
from aiops.replay.kept import Scored
from aiops.replay.plot import Plot, ticks
from aiops.replay.report import Judged, World
from aiops.replay.words import draw, plain

_MOST_ROWS: Final = 60
"""Assets on the time line: what a page of reasonable length holds."""

_ORDER: Final = ("happened", "averted", "open", "false", "reactive")


def trade_off(choices: Sequence[Choice], now: float, best: Choice | None) -> str:
    """Returns warned failures against false warnings, a dot for each bar."""
    plot = Plot(plain("choice.plot"), _false_range(choices), (0.0, 1.08))
    marks = [(t, f"{t:.0%}") for t in ticks(0, 1)]
    plot.axes(draw("axis.false"), draw("axis.recall"), _false_ticks(plot), marks)
    _choices(plot, choices, [choice.recall or 0.0 for choice in choices], now, best)
    return plot.svg


def leads_by_choice(choices: Sequence[Choice], now: float, best: Choice | None) -> str:
    """Returns the median lead against false warnings, a dot for each bar that warned."""
    warned = [choice for choice in choices if choice.lead_hours is not None]
    leads = [choice.lead_hours or 0.0 for choice in warned]
    plot = Plot(plain("choice.lead"), _false_range(choices), (0.0, max(leads, default=1.0) * 1.15))
    hours = [(t, f"{t:g}") for t in ticks(0, plot.y[1])]
    plot.axes(draw("axis.false"), draw("axis.lead"), _false_ticks(plot), hours)
    _choices(plot, warned, leads, now, best)
    return plot.svg


def _choices(
    plot: Plot, choices: Sequence[Choice], height: Sequence[float], now: float, best: Choice | None
) -> None:
    points = [(c.false_per_asset_month or 0.0, y) for c, y in zip(choices, height, strict=True)]
    plot.line(points, "path")
    written: list[tuple[float, float]] = []
    # the bar in force last, so that nothing lies over it
    for choice, (x, y) in sorted(zip(choices, points, strict=True), key=lambda c: c[0].bar == now):
        here = choice.bar == now
        said = f"{choice.bar:.2f}: {choice.warned} / {choice.warned + choice.missed}"
        kind = "now" if here else "best" if choice is best else "plain"
        plot.dot(x, y, 6 if here else 4, kind, said, f"bar-{choice.bar:g}")
        at = plot.at_x(x), plot.at_y(y)
        near = any(abs(at[0] - a) < 26 and abs(at[1] - b) < 14 for a, b in written)
        if here or not near:
            written.append(at)
            plot.text(x, y, f"{choice.bar:.2g}", (0, 19) if here else (0, -9))


def _false_range(choices: Sequence[Choice]) -> tuple[float, float]:
    return 0.0, max(choice.false_per_asset_month or 0.0 for choice in choices) * 1.08 or 1.0


def _false_ticks(plot: Plot) -> list[tuple[float, str]]:
    return [(t, f"{t:.3g}") for t in ticks(0, plot.x[1])]


def calibration(scored: Scored) -> str:
    """Returns the share that came true against the probability stated, with the numbers."""
    plot = Plot(plain("calibration"), (0.0, 1.0), (0.0, 1.12))
    shares = [(t, f"{t:.0%}") for t in ticks(0, 1)]
    plot.axes(draw("axis.stated"), draw("axis.came"), shares, shares)
    plot.line([(0, 0), (1, 1)], "ideal")
    before = (0.0, 0.0)
    for said, came, n in scored.bins():
        plot.dot(said, came, 3 + 5 * (n / len(scored.stated)) ** 0.5, "plain", f"n = {n}")
        here = plot.at_x(said), plot.at_y(came)
        near = abs(here[0] - before[0]) < 30 and abs(here[1] - before[1]) < 14
        plot.text(said, came, f"{n}", (0, 18) if near and came > 0.1 else (0, -11))
        before = here
    return plot.svg


def lead_times(leads: Sequence[float]) -> str:
    """Returns how many failures were warned of how long before."""
    longest = max(leads)
    edges = ticks(0, longest, 10)
    width = edges[1] - edges[0] if len(edges) > 1 else max(longest, 1.0)
    counts = Counter(int(lead // width) for lead in leads)
    end = (max(counts) + 1) * width
    plot = Plot(plain("lead"), (0.0, end), (0.0, max(counts.values()) * 1.1))
    _count_axes(plot, draw("axis.hours"), draw("axis.failures"), ticks(0, end))
    for place, count in sorted(counts.items()):
        said = f"{place * width:g}-{(place + 1) * width:g} h: {count}"
        plot.bar((place * width, (place + 0.94) * width), (0, count), "happened", said)
    return plot.svg


def weekly(judged: Sequence[Judged], world: World) -> dict[int, Counter[str]]:
    """Returns outcomes by week from the first sample; weeks without any included."""
    first = min(span.first for span in world.spans.values())
    last = max(span.last for span in world.spans.values())
    weeks: dict[int, Counter[str]] = {
        week: Counter() for week in range((last - first) // timedelta(days=7) + 1)
    }
    for each in judged:
        week = max((each.incident.opened_at - first) // timedelta(days=7), 0)
        weeks.setdefault(week, Counter())[shown_as(each)] += 1
    return weeks


def weeks_plot(weeks: Mapping[int, Counter[str]]) -> str:
    """Returns a bar for each week, by outcome."""
    most = max(1, *(counts.total() for counts in weeks.values()))
    end = max(weeks) + 1
    plot = Plot(plain("weeks"), (0, end), (0, most * 1.1))
    _count_axes(plot, draw("axis.week"), draw("axis.incidents"), ticks(0, end))
    for week, counts in sorted(weeks.items()):
        low = 0
        for kind in _ORDER:
            if counts[kind]:
                said = f"{week}: {counts[kind]} {plain(f'outcome.{kind}')}"
                plot.bar((week + 0.03, week + 0.94), (low, low + counts[kind]), kind, said)
                low += counts[kind]
    return plot.svg


def timeline(judged: Sequence[Judged], world: World) -> tuple[str, int, int]:
    """Returns predictions and failures on the time line, assets shown, and assets there are."""
    predictive = [j for j in judged if j.incident.kind is IncidentKind.PREDICTIVE]
    first = min(span.first for span in world.spans.values())
    ends = [j.incident.predicted.late for j in predictive if j.incident.predicted]
    last = max([span.last for span in world.spans.values()] + ends)
    weight = Counter([j.incident.asset for j in predictive] + [f.asset for f in world.failures])
    chosen = sorted(sorted(weight, key=lambda a: (-weight[a], a))[:_MOST_ROWS])
    row = {asset: place for place, asset in enumerate(chosen)}
    days = (last - first) / timedelta(days=1)
    left = 16 + min(max(map(len, chosen), default=0), 24) * 7
    plot = Plot(
        plain("timeline"), (0.0, days), (len(chosen) - 0.5, -0.5),
        1100, 48 + 17 * len(chosen), left, 34, 20, 8,
    )  # fmt: skip
    marks = [
        (t, f"{first + timedelta(days=t):%Y-%m-%d}") for t in ticks(0, days, 8) if t < days * 0.97
    ]
    names = [(float(place), _short(asset)) for asset, place in row.items()]
    plot.axes("", "", marks, names)

    def day(at: datetime) -> float:
        return (at - first) / timedelta(days=1)

    for each in predictive:
        incident, predicted = each.incident, each.incident.predicted
        if predicted is None or incident.asset not in row:
            continue
        place = row[incident.asset]
        said = (
            f"{incident.asset}: {incident.opened_at:%Y-%m-%d %H:%M} - "
            f"{predicted.late:%Y-%m-%d %H:%M}, {predicted.probability:.0%}"
        )
        span = day(incident.opened_at), day(predicted.late)
        plot.bar(span, (place + 0.28, place - 0.28), shown_as(each), said)
    for failure in world.failures:
        if failure.asset in row:
            x, y = plot.at_x(day(failure.at)), plot.at_y(row[failure.asset])
            said = escape(f"{failure.asset}: {failure.kind}, {failure.at:%Y-%m-%d %H:%M}")
            plot.add(
                f"<path class=cross d='M{x - 4} {y - 4}l8 8m0 -8l-8 8'><title>{said}</title></path>"
            )
    return plot.svg, len(chosen), len(weight)


def shown_as(judged: Judged) -> str:
    """Returns the outcome as it is coloured."""
    outcome = judged.outcome
    if judged.incident.kind is IncidentKind.REACTIVE and outcome == "happened":
        return "reactive"
    return "false" if outcome == "expired" else outcome


def _short(asset: str) -> str:
    return escape(asset if len(asset) <= 24 else f"{asset[:11]}…{asset[-12:]}")


def _count_axes(plot: Plot, x: str, y: str, x_ticks: Sequence[float]) -> None:
    counts = [(t, f"{t:g}") for t in ticks(0, plot.y[1]) if t == int(t)]
    plot.axes(x, y, [(t, f"{t:g}") for t in x_ticks], counts)
