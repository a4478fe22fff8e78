"""The page of one incident: what, when, why we believe it, what was done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiops.contracts.dashboard import Page, Reader, Rendered, View
from aiops.contracts.plugin import NoSettings, Plugin, Stability
from aiops.domain.anomaly import TOGETHER
from aiops.domain.decision import Decision
from aiops.domain.incident import Incident, MemberSource
from aiops.domain.series import SeriesKey
from dashboards._facts import facts_of, mapping
from dashboards._figures import forecast_figure
from dashboards._preview import VERDICTS, preview_of
from dashboards._render import figure_json, missing, render, static_files
from dashboards._runs import show_run
from dashboards._signals import World, evidence_signal
from dashboards._words import Words

_OPEN_ACTIONS: Final = ("acknowledge", "comment", "close")
_CLOSED_ACTIONS: Final = ("comment", "reopen")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline."""

    at: datetime
    what: str
    why: str
    who: str
    detail: str
    quiet: bool


class IncidentPage:
    """Sentence, strip, evidence, reasons, actions, timeline and outcome of an incident."""

    path = "/incidents/{key}"

    def __init__(self) -> None:
        self.files: Mapping[str, Path] = static_files()

    def render(self, reader: Reader, view: View) -> Rendered:
        """Returns the page, or 404 when the viewer sees no such incident."""
        ledger = reader.ledger
        is_key = len(view.key) == 64 and view.key.isalnum()
        found = ledger.incident(view.viewer, view.key) if is_key else None
        if found is None:
            return missing(reader, view, Words(view.language), "missing.incident")
        asset = ledger.asset(view.viewer, found.asset)
        words = Words(view.language, asset.time_zone if asset else "UTC")
        decisions = ledger.decisions(view.viewer, subject=found.key, limit=200)
        signal = evidence_signal(found, World.of(reader))
        name = asset.display if asset else found.asset
        sentence = found.sentence.get(view.language) or found.sentence.get("en")
        return render(
            "incident.html",
            reader,
            view,
            words,
            incident=found,
            asset_name=name,
            sentence=sentence
            or words("incident.no_sentence", asset=name, signal=found.series.signal),
            newest=found.current or found.predicted,
            began=min((m.since for m in found.members), default=found.opened_at),
            tickets=ledger.tickets(found.key),
            withheld=next((d for d in decisions if d.action == "withhold"), None),
            trust=words.coverage(signal.coverage[0]) if signal and signal.coverage else "",
            figure_json_text=figure_json(forecast_figure(signal, words)) if signal else None,
            facts=facts_of(found, words, view.now),
            contributions=_contributions(found, words),
            similar=_similar(found, reader, view, words),
            causes=[
                (c.asset, c.share, words.chance(c.share), c.reason.get(view.language, ""))
                for c in found.causes
            ],
            guilty=_guilty(found, words),
            members=_members(found, World.of(reader), words),
            actions=_OPEN_ACTIONS if found.is_open else _CLOSED_ACTIONS,
            verdicts=[name for name in VERDICTS if found.is_open or name != "new_normal"],
            preview=preview_of(reader, view, found, words),
            leaving=_leaving(found, words),
            answer=next((a for a in ledger.answers(view.viewer) if a.incident == found.key), None),
            runs=[show_run(run, words) for run in ledger.runs(view.viewer, incident=found.key)],
            steps=_steps(found, decisions, words),
        )


def _contributions(incident: Incident, words: Words) -> list[dict[str, Any]]:
    rows = [
        mapping(item)
        for item in incident.evidence.get("contributions") or ()
        if isinstance(item, Mapping)
    ]
    shown = []
    for row in rows:
        share = row.get("probability")
        probability = float(share) if isinstance(share, int | float) else None
        shown.append(
            {
                "signal": _name(str(row.get("signal", "")), incident, words),
                "source": words(f"source.{row.get('source', '')}"),
                "probability": words.chance(probability),
                "share": probability or 0.0,
                "method": str(row.get("method", "")),
            }
        )
    return sorted(shown, key=lambda row: -float(str(row["share"])))


def _guilty(incident: Incident, words: Words) -> list[tuple[str, float, str]]:
    """Returns the signals that stand out in an asset, with their shares."""
    return [
        (
            words.signal(
                SeriesKey.of(str(one["asset"]), str(one["metric"]), mapping(one.get("labels")))
            ),
            float(one["share"]),
            words.chance(float(one["share"])),
        )
        for one in map(mapping, incident.evidence.get("guilty") or ())
    ]


def _members(incident: Incident, world: World, words: Words) -> list[dict[str, Any]]:
    """Returns the series that belong to the incident, those that last first."""
    shown = []
    for member in sorted(incident.members, key=lambda m: (m.until is not None, m.since)):
        unit, metric = world.unit(member.series.metric), member.series.metric
        seen = words(
            "incident.member_limit"
            if member.source is MemberSource.LIMIT
            else "incident.member_seen",
            value=words.amount(member.value, unit, metric),
            expected=words.amount(member.expected, unit, metric),
        )
        if metric == TOGETHER:
            seen = words("incident.member_together", count=int(member.value))
        shown.append(
            {
                "asset": member.series.asset,
                "signal": words.signal(member.series),
                "seen": seen,
                "shape": words(f"shape.{member.shape}") if member.shape else "",
                "since": member.since,
                "until": member.until,
            }
        )
    return shown


def _leaving(incident: Incident, words: Words) -> list[tuple[str, str]]:
    """Returns the members that can be split off, each series once; what began it stays."""
    stays = incident.members[0].series if incident.members else incident.series
    series = dict.fromkeys(m.series for m in incident.members if m.series != stays)
    return [(each.text, f"{each.asset} {words.signal(each)}") for each in series]


def _similar(incident: Incident, reader: Reader, view: View, words: Words) -> list[dict[str, Any]]:
    """Returns earlier incidents like it, with what fixed each in the reader's language."""
    shown = []
    for each in map(mapping, incident.evidence.get("similar") or ()):
        asset = reader.ledger.asset(view.viewer, str(each["asset"]))
        fixed = each.get("fixed_zh") if view.language == "zh" else ""
        shown.append(
            {
                **each,
                "name": asset.display if asset else each["asset"],
                "fixed": fixed or each.get("fixed"),
                "lasted": words.duration(timedelta(hours=float(each.get("hours", 0.0)))),
            }
        )
    return shown


def _name(signal: str, incident: Incident, words: Words) -> str:
    """Returns a signal of the evidence in words where it is that of the incident."""
    known = signal in (incident.series.signal, incident.series.text)
    return words.signal(incident.series) if known else signal


def _steps(incident: Incident, decisions: list[Decision], words: Words) -> list[Step]:
    said = set(incident.sentence.values())
    steps = [
        Step(
            at=decision.at,
            what=words(f"action.{decision.action}"),
            why=words(f"reason.{decision.reason}"),
            who="",
            detail="" if decision.detail in said else decision.words(words.language),
            quiet=decision.action in ("hold", "nothing"),
        )
        for decision in decisions
    ]
    told = {(decision.at, decision.reason) for decision in decisions}
    steps += [
        Step(
            at=change.at,
            what=words(f"state.{change.state}"),
            why=words(f"reason.{change.reason}"),
            who=words(f"who.{change.by}") if change.by in ("system", "rule") else change.by,
            detail=change.words(words.language),
            quiet=False,
        )
        for change in incident.transitions
        if (change.at, change.reason) not in told
    ]
    return sorted(steps, key=lambda step: step.at, reverse=True)


def _create(_settings: NoSettings) -> Page:
    return IncidentPage()


PLUGIN: Final = Plugin(
    summary="One incident: sentence, evidence, reasons, actions, timeline",
    settings=NoSettings,
    create=_create,
    stability=Stability.BETA,
)
