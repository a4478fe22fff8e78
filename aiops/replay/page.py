"""The replay report as one file: it needs no network, no script, and holds both languages."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from aiops.config import Settings
from aiops.domain.incident import IncidentKind
from aiops.replay import figures
from aiops.replay.bundle import Bundle
from aiops.replay.choice import Choice, cheapest, choices
from aiops.replay.drive import Replayed
from aiops.replay.kept import score
from aiops.replay.made import tally
from aiops.replay.misses import Miss, misses
from aiops.replay.report import Judged
from aiops.replay.style import POLICY, STYLE
from aiops.replay.tables import write_bytes
from aiops.replay.words import LANGUAGES, reason, say

_OUTCOMES: Final = ("happened", "averted", "open", "false", "reactive")
_TIME: Final = "%Y-%m-%d %H:%M"


def write_page(replayed: Replayed, bundle: Bundle, settings: Settings, out: str) -> None:
    """Writes the page.

    Raises:
        InputError: The place cannot be written.
    """
    write_bytes(page(replayed, bundle, settings).encode(), out)


def page(replayed: Replayed, bundle: Bundle, settings: Settings) -> str:
    """Returns the page as markup."""
    report, judged, world = replayed.report, replayed.judged, replayed.world
    open_at = settings.incident.open_probability
    found = choices(replayed.kept, bundle, world, settings, replayed.prices)
    missed = misses(judged, replayed.kept, world, settings.incident)
    parts = [
        _head(replayed),
        _tiles(report),
        _choice(found, open_at, replayed),
        "<div class=three>",
        _calibration(replayed),
        _leads(report, judged),
        _weeks(judged, replayed),
        "</div>",
        _forecasts(replayed),
        _timeline(judged, replayed),
        _misses(missed, bool(world.failures)),
        _money(report["cost"]),
        _incidents(judged),
    ]
    own = settings.server.language
    picks = "".join(
        f"<input class=choose type=radio name=language id=show-{language}"
        f"{' checked' if language == own else ''} aria-label={language}>"
        for language in LANGUAGES
    )
    return (
        f"<!doctype html><html lang={own}><meta charset=utf-8><title>aiops replay</title>"
        f'<meta http-equiv=Content-Security-Policy content="{POLICY}">'
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<style>{STYLE}</style>{picks}<main>{''.join(parts)}</main>"
    )


def _head(replayed: Replayed) -> str:
    spans = replayed.world.spans.values()
    first, last = min(s.first for s in spans), max(s.last for s in spans)
    span = say("span", first=f"{first:{_TIME}}", last=f"{last:{_TIME}}")
    return (
        f"<header><h1>{say('title')}</h1>"
        "<nav><label for=show-en>English</label><label for=show-zh>中文</label></nav>"
        f"<p class=quiet>{say('about')} {span}</p></header>"
    )


def _tiles(report: dict[str, Any]) -> str:
    lead, window = report["lead_time_hours"]["median"], report["window_hours"]["median"]
    tiles = [
        (f"{report['warned']} / {report['failures']}", say("fact.warned")),
        (f"{report['false_incidents']}", say("fact.false")),
        (_number(report["false_per_asset_month"], 3), say("fact.rate")),
        (f"{_number(lead, 1)} h", say("fact.lead")),
        (f"{_number(window, 1)} h", say("fact.range")),
        (f"{report['samples']:,}", say("fact.samples", assets=report["assets"])),
    ]
    rows = "".join(f"<li><b>{value}</b>{words}</li>" for value, words in tiles)
    return f"<ul class=tiles>{rows}</ul>"


def _choice(found: Sequence[Choice], open_at: float, replayed: Replayed) -> str:
    about = say("choice.about", n=f"{len(replayed.kept):,}")
    if not any(choice.warnings for choice in found):
        return f"<section><h2>{say('choice')}</h2><p class=quiet>{say('choice.none')}</p></section>"
    priced = bool(replayed.prices.downtime_per_hour or replayed.prices.false_alarm)
    best = cheapest(found) if priced else None
    names = ["bar", "warned", "missed", "warnings", "false", "week", "month", "lead"]
    names += ["cost"] if priced else []
    head = "".join(f"<th class=n>{say(f'choice.{name}')}" for name in names)
    rows = []
    for choice in found:
        here = choice.bar == open_at
        notes = ["choice.now"] * here + ["choice.cheapest"] * (choice is best)
        cells = [
            f"<a href='#bar-{choice.bar:g}'>{choice.bar:.2f}</a>"
            + "".join(f"<small>{say(note)}</small>" for note in notes)
            + f"<small class=pick>incident.open_probability: {choice.bar:g}</small>",
            f"{choice.warned}",
            f"{choice.missed}",
            f"{choice.warnings}",
            f"{choice.false}",
            f"{choice.false_per_week:.2f}",
            _number(choice.false_per_asset_month, 3),
            f"{_number(choice.lead_hours, 1)} h",
        ]
        cells += [_money_of(choice.cost, replayed.prices.currency)] if priced else []
        kind = " class=now" if here else " class=best" if choice is best else ""
        rows.append(
            f"<tr{kind} id=bar-{choice.bar:g}>" + "".join(f"<td class=n>{cell}" for cell in cells)
        )
    return (
        f"<section><h2>{say('choice')}</h2><p class=quiet>{about}</p><div class=two>"
        f"<div>{figures.trade_off(found, open_at, best)}"
        f"{figures.leads_by_choice(found, open_at, best)}</div>"
        f"<div class=scroll><table><tr>{head}{''.join(rows)}</table></div></div></section>"
    )


def _calibration(replayed: Replayed) -> str:
    scored = score(replayed.kept, replayed.world)
    if not len(scored.stated):
        return _card("calibration", f"<p class=quiet>{say('calibration.none')}</p>")
    about = say(
        "calibration.about",
        n=f"{len(scored.stated):,}",
        brier=f"{scored.brier:.3f}",
        error=f"{scored.error:.3f}",
        unknown=f"{scored.unknown:,}",
    )
    return _card("calibration", f"{figures.calibration(scored)}<p class=quiet>{about}</p>")


def _forecasts(replayed: Replayed) -> str:
    counts, reasons = tally(replayed.kept, replayed.world)
    rows = [(say(f"made.{name}"), count) for name, count in counts.items()]
    rows += [(say("made.silent", reason=reason(why)), count) for why, count in reasons.items()]
    cells = "".join(f"<tr><td>{words}<td class=n>{count:,}" for words, count in rows if count)
    about = say("made.about", n=f"{len(replayed.kept):,}")
    return _card("made", f"<p class=quiet>{about}</p><table>{cells}</table>")


def _leads(report: dict[str, Any], judged: Sequence[Judged]) -> str:
    if not report["warned"]:
        return _card("lead", f"<p class=quiet>{say('lead.none')}</p>")
    first: dict[tuple[str, Any], float] = {}
    for each in judged:
        if each.warned_of is not None and each.lead is not None:
            failure = each.warned_of
            hours = each.lead.total_seconds() / 3600
            key = (failure.asset, failure.at)
            first[key] = max(first.get(key, 0.0), hours)
    levels = {name: _number(value, 1) for name, value in report["lead_time_hours"].items()}
    drawn = figures.lead_times(sorted(first.values()))
    return _card("lead", f"{drawn}<p class=quiet>{say('lead.about', **levels)}</p>")


def _weeks(judged: Sequence[Judged], replayed: Replayed) -> str:
    weeks = figures.weekly(judged, replayed.world)
    totals = [counts.total() for counts in weeks.values()]
    about = say("weeks.about", mean=f"{sum(totals) / len(totals):.1f}", most=max(totals))
    seen = [kind for kind in _OUTCOMES if any(counts[kind] for counts in weeks.values())]
    drawn = figures.weeks_plot(weeks)
    return _card("weeks", f"{drawn}{_key(seen)}<p class=quiet>{about}</p>")


def _timeline(judged: Sequence[Judged], replayed: Replayed) -> str:
    drawn, shown, there = figures.timeline(judged, replayed.world)
    if not shown:
        return ""
    cut = say("timeline.cut", shown=shown, all=there) if shown < there else ""
    seen = {figures.shown_as(j) for j in judged if j.incident.kind is IncidentKind.PREDICTIVE}
    key = _key([kind for kind in _OUTCOMES if kind in seen])
    about = f"<p class=quiet>{say('timeline.about')} {cut}</p>"
    return _card("timeline", f"{about}{key}<div class=scroll><div class=wide>{drawn}</div></div>")


def _misses(missed: Sequence[Miss], any_failures: bool) -> str:
    if not missed:
        words = say("misses.none" if any_failures else "misses.no_failures")
        return _card("misses", f"<p class=quiet>{words}</p>")
    head = "".join(f"<th>{say(f'col.{name}')}" for name in ("asset", "time", "kind", "why"))
    rows = "".join(
        f"<tr><td class=a>{escape(miss.failure.asset)}<td class=t>{miss.failure.at:{_TIME}}"
        f"<td>{escape(miss.failure.kind)}<td>{_why(miss)}"
        for miss in missed
    )
    return _card("misses", f"<div class=scroll><table><tr>{head}{rows}</table></div>")


def _why(miss: Miss) -> str:
    values: dict[str, object] = {}
    for name, value in miss.facts.items():
        if hasattr(value, "strftime"):
            values[name] = f"{value:{_TIME}}"
        elif name in {"probability", "bar"}:
            values[name] = f"{value:.2f}"
        else:
            values[name] = f"{value:.1f}" if isinstance(value, float) else value
    signal = values.get("signal")
    if miss.reason in {"below", "not_held"}:
        values["signal"] = {"en": f" of {signal}", "zh": f" {signal} "} if signal else ""
    return say(f"miss.{miss.reason}", reason=reason(miss.abstained), **values)


def _money(cost: dict[str, Any]) -> str:
    names = ("downtime_warned", "downtime_missed", "false_alarms")
    if not any(cost[name] for name in names):
        return _card("money", f"<p class=quiet>{say('money.free')}</p>")
    rows = "".join(
        f"<tr><td>{say(f'money.{name}')}<td class=n>{_money_of(cost[name], cost['currency'])}"
        for name in names
    )
    return _card("money", f"<p class=quiet>{say('money.about')}</p><table>{rows}</table>")


def _incidents(judged: Sequence[Judged]) -> str:
    names = ("opened", "asset", "kind", "outcome", "lead", "said")
    head = "".join(f"<th>{say(f'col.{name}')}" for name in names)
    rows = []
    for each in judged:
        incident = each.incident
        hours = None if each.lead is None else each.lead.total_seconds() / 3600
        words = "".join(
            f"<span lang={language}>{escape(incident.sentence.get(language, ''))}</span>"
            for language in LANGUAGES
        )
        rows.append(
            f"<tr><td class=t>{incident.opened_at:{_TIME}}<td class=a>{escape(incident.asset)}"
            f"<td class=t>{say(f'kind.{incident.kind.value}')}"
            f"<td><span class='tag {figures.shown_as(each)}'>{say(f'outcome.{each.outcome}')}"
            f"</span><td class=n>{_number(hours, 1)}<td>{words}"
        )
    table = f"<div class=scroll><table class=wide><tr>{head}{''.join(rows)}</table></div>"
    return _card("all", table)


def _card(title: str, body: str) -> str:
    return f"<section><h2>{say(title)}</h2>{body}</section>"


def _key(kinds: Sequence[str]) -> str:
    rows = "".join(f"<li><i class={kind}></i>{say(f'outcome.{kind}')}" for kind in kinds)
    return f"<ul class=key>{rows}</ul>"


def _money_of(amount: float, currency: str) -> str:
    return escape(f"{amount:,.0f} {currency}".strip())


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
