"""The value page: what predictions were worth, with the list behind every figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from dashboards._render import render, static_files
from dashboards._words import Words, number

_SPANS: Final = {"30": 30, "90": 90, "365": 365}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in words.

    Attributes:
        cases: Key and name of each incident behind it.
    """

    name: str
    of: str
    value: str
    span: str
    count: int
    note: str
    cases: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """One of the aims, and what is known of it."""

    name: str
    aim: str
    change: str
    note: str


class ValuePage:
    """Counts, precision, times, money, targets and the ladder."""

    path = "/value"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page for the last 30, 90 or 365 days."""
        words = Words(view.language)
        days = _SPANS.get(view.query.get("days", ""), 90)
        found = reader.value(view.viewer, view.now - timedelta(days=days), view.now)
        numbers = {item["key"]: item["number"] for item in found["incidents"]}
        return render(
            "value.html",
            reader,
            view,
            words,
            days=days,
            since=f"{view.now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
            spans=list(_SPANS.values()),
            total=len(found["incidents"]),
            outcomes=sorted(found["counts"]["outcome"].items()),
            lines=[_line(figure, numbers, words, found["enough"]) for figure in found["figures"]],
            targets=[
                _target(name, found["targets"][name], words, has_before=bool(_before(found)))
                for name in ("response_time", "satisfaction", "cost")
            ],
            before=_before(found),
            services=[_service(row, words, found["currency"]) for row in found["services"]],
            noisiest=found["evaluation"]["noisiest"],
            advice=[_advice(item, words) for item in found["evaluation"]["advice"]],
            numbers=numbers,
            steps=found["ladder"],
        )


def _service(row: Mapping[str, Any], words: Words, currency: str) -> dict[str, Any]:
    used = row["budget_used"]
    return {
        **row,
        "price": f"{number(row['price_per_hour'])} {currency}",
        "loss": f"{number(row['expected_loss'])} {currency}",
        "down": words.duration(timedelta(seconds=row["down_seconds"])),
        "used": words.percent(used),
        "level": ""
        if used is None
        else "high"
        if used >= 1
        else "elevated"
        if used > 0.5
        else "low",
        "goal": f"{row['objective'] * 100:g}{chr(160)}%",
    }


def _advice(item: Mapping[str, Any], words: Words) -> dict[str, Any]:
    value = item.get("value")
    shown = words.percent(value) if isinstance(value, float) else ""
    return {**item, "text": words(f"advice.{item['what']}", subject=item["subject"], value=shown)}


def _before(found: Mapping[str, Any]) -> Any:
    return found["targets"]["before"]


def _line(figure: Mapping[str, Any], numbers: Mapping[str, int], words: Words, enough: int) -> Line:
    def shown(value: float) -> str:
        if figure["unit"] == "1":
            return words.percent(value)
        if figure["unit"] == "s":
            return words.duration(timedelta(seconds=value))
        return f"{number(value)} {figure['unit']}"

    measured = figure["measurable"]
    name = figure["name"]
    return Line(
        words(f"value.{name}"),
        figure["of"] or (words("value.all_methods") if name == "precision" else ""),
        shown(figure["value"]) if measured else "–",
        words("value.between", low=shown(figure["low"]), high=shown(figure["high"]))
        if measured
        else "",
        figure["n"],
        words(f"value.note_{name}")
        if measured
        else words("value.not_yet", n=figure["n"], enough=enough),
        tuple((key, f"INC-{numbers[key]}") for key in figure["cases"] if key in numbers),
    )


def _target(name: str, target: Mapping[str, Any], words: Words, *, has_before: bool) -> Target:
    change = target["change"]
    measured = {"satisfaction": "value.target_share", "cost": "value.target_cost"}
    note = measured.get(name, "value.target_measured")
    if change is None:
        note = "value.target_not_yet"
    if change is None and not has_before and name == "response_time":
        note = "value.no_before"
    aim = f"{target['target']:+.0%}" if name != "satisfaction" else f"> {target['target']:.0%}"
    shown = "–" if change is None else f"{change:{'' if name == 'satisfaction' else '+'}.0%}"
    return Target(words(f"value.{name}"), aim, shown, words(note))


def _create(_settings: NoSettings) -> Page:
    return ValuePage()


PLUGIN: Final = Plugin(
    summary="What predictions were worth: outcomes, precision, times, money, ladder",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
