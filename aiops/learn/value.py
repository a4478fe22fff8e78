"""What predictions were worth: counts, precision, times and money, each with its cases.

Every figure lists the incidents it is made of; below thirty of them it says "not measurable
yet". Money rests on the configured prices and is a range, never a point alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from aiops.contracts.ledger import Ledger
from aiops.domain.asset import Viewer
from aiops.domain.incident import Incident, IncidentKind, IncidentState, OutcomeKind
from aiops.learn.background import Background, read_background
from aiops.learn.before import BEFORE, Before, compare
from aiops.learn.evaluation import evaluate
from aiops.learn.figure import ENOUGH, Figure, median, not_yet, share
from aiops.learn.ladder import LadderRules, Place, Rung, propose
from aiops.learn.maturity import maturity
from aiops.learn.prices import Prices
from aiops.learn.rungs import RUNGS, read_rungs
from aiops.learn.satisfaction import satisfaction
from aiops.learn.services import service_rows
from aiops.learn.verdict import ended, is_averted, is_confirmed, is_right, judged

_MOST: Final = 100_000
_HOUR: Final = timedelta(hours=1)


def read_value(
    ledger: Ledger,
    viewer: Viewer,
    start: datetime,
    end: datetime,
    prices: Prices,
    rules: LadderRules,
    runbooks: Sequence[str] = (),
) -> dict[str, Any]:
    """Returns the report over the incidents the viewer may see.

    Args:
        runbooks: Names of all runbooks there are.
    """
    incidents = [
        each for each in ledger.incidents(viewer, limit=_MOST) if start <= each.opened_at < end
    ]
    before = Before.read(ledger.note(BEFORE))
    keys = [each.key for each in incidents]
    background = read_background(ledger, viewer, start, end, runbooks, keys)
    rungs = read_rungs(ledger.note(RUNGS))
    if not viewer.everything:  # a service is seen with any asset of it
        seen = {asset.service for asset in background.assets.values()}
        own = tuple(service for service in prices.services if service.key in seen)
        prices = replace(prices, services=own)
    return value_report(incidents, start, end, prices, rules, before, background, rungs)


def value_report(
    incidents: Sequence[Incident],
    start: datetime,
    end: datetime,
    prices: Prices,
    rules: LadderRules,
    before: Before | None = None,
    background: Background | None = None,
    rungs: Mapping[Place, Rung] | None = None,
) -> dict[str, Any]:
    """Returns the report of the incidents opened in ``[start, end)`` as plain values."""
    background = background or Background()
    ordered = sorted(incidents, key=lambda i: (i.opened_at, i.key))
    figures = [
        *_precisions(ordered),
        *_times(ordered),
        *_money(ordered, prices),
        satisfaction(background.answers),
    ]
    shown = [figure.plain() for figure in figures]
    targets = compare(before, ordered, prices, background.answers, start, end)
    proposals = propose(ordered, rules, start, end, rungs)
    services = service_rows(ordered, start, end, prices, background)
    whole = {each["name"]: each for each in shown if not each["of"]}
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "currency": prices.currency,
        "enough": ENOUGH,
        "counts": _counts(ordered),
        "figures": shown,
        "targets": targets,
        "services": services,
        "ladder": [each.plain() for each in proposals],
        "evaluation": evaluate(ordered, proposals, rules, end - start, background),
        "maturity": maturity(ordered, whole, targets, services, proposals, background),
        "incidents": [_row(each) for each in ordered],
    }


def _counts(incidents: Sequence[Incident]) -> dict[str, dict[str, int]]:
    endings = [each.outcome.kind.value if each.outcome else "none" for each in incidents]
    return {
        "kind": dict(Counter(each.kind.value for each in incidents)),
        "state": dict(Counter(each.state.value for each in incidents)),
        "stage": dict(Counter(each.stage.value for each in incidents)),
        "outcome": dict(Counter(endings)),
    }


def _precisions(incidents: Iterable[Incident]) -> list[Figure]:
    by_method: dict[str, list[Incident]] = {"": []}
    for each in judged(incidents):
        by_method[""].append(each)
        by_method.setdefault(each.predicted.method if each.predicted else "?", []).append(each)
    return [_precision(method, cases) for method, cases in sorted(by_method.items())]


def _precision(method: str, cases: Sequence[Incident]) -> Figure:
    keys = tuple(each.key for each in cases)
    if len(cases) < ENOUGH:
        return Figure("precision", "1", None, None, None, keys, of=method)
    right = sum(is_right(each) for each in cases)
    note = f"{right} of {len(cases)} happened or were averted, as a repair or person confirms"
    return Figure("precision", "1", *share(right, len(cases)), keys, note, method)


def _times(incidents: Sequence[Incident]) -> list[Figure]:
    spans: tuple[tuple[str, Callable[[Incident], timedelta | None], str], ...] = (
        ("lead_time", lead_time, "from the prediction to the failure, median"),
        ("time_to_detect", time_to_detect, "from the first bad sample to the incident, median"),
        ("time_to_acknowledge", time_to_acknowledge, "until a person took it, median"),
        ("time_to_resolve", time_to_resolve, "until it was closed, median"),
    )
    found = []
    for name, span_of, note in spans:
        spoken = [(each.key, span) for each in incidents if (span := span_of(each)) is not None]
        keys = tuple(key for key, _ in spoken)
        if len(keys) < ENOUGH:
            found.append(Figure(name, "s", None, None, None, keys))
        else:
            seconds = [span.total_seconds() for _, span in spoken]
            found.append(Figure(name, "s", *median(seconds), keys, note))
    return found


def _money(incidents: Sequence[Incident], prices: Prices) -> list[Figure]:
    averted = [each for each in ended(incidents) if is_averted(each)]
    wrong = [e for e in judged(incidents) if not is_right(e)]
    hours = prices.outage / _HOUR
    saved = {each.key: hours * prices.per_hour(each) for each in averted}
    chance = {each.key: each.predicted.probability if each.predicted else 0.0 for each in averted}
    confirmed = {each.key for each in averted if is_confirmed(each)}
    by_person = [each for each in wrong if each.outcome and each.outcome.by != "rule"]
    return [
        _range(
            "downtime_averted",
            prices.currency,
            sum(saved[key] * chance[key] for key in saved),
            sum(saved[key] * chance[key] for key in confirmed),
            sum(saved.values()),
            tuple(saved),
            f"each averted prediction at its probability, {hours:g} h of outage and the price of "
            "its service; low: only repairs and verdicts of persons, high: each as certain",
        ),
        _range(
            "false_alarm_cost",
            prices.currency,
            len(wrong) * prices.false_alarm,
            len(by_person) * prices.false_alarm,
            len(wrong) * prices.false_alarm,
            tuple(each.key for each in wrong),
            f"{len(wrong)} false or expired predictions at {prices.false_alarm:g}; low: only those "
            "a person has judged",
        ),
    ]


def _range(
    name: str, unit: str, value: float, low: float, high: float, cases: tuple[str, ...], note: str
) -> Figure:
    if len(cases) < ENOUGH:
        return Figure(name, unit, None, None, None, cases, not_yet(len(cases)))
    return Figure(name, unit, value, low, high, cases, note)


def lead_time(incident: Incident) -> timedelta | None:
    """Returns the time between a prediction and the failure it foretold."""
    outcome = incident.outcome
    if incident.predicted is None or outcome is None or outcome.kind is not OutcomeKind.HAPPENED:
        return None
    return outcome.at - incident.opened_at


def time_to_detect(incident: Incident) -> timedelta | None:
    """Returns how long a failure was there before its incident; unknown for predictions."""
    since = incident.evidence.get("since")
    if incident.kind is not IncidentKind.REACTIVE or not isinstance(since, str):
        return None
    return max(incident.opened_at - datetime.fromisoformat(since), timedelta(0))


def time_to_acknowledge(incident: Incident) -> timedelta | None:
    """Returns how long it took until a person took the incident."""
    taken = {IncidentState.ACKNOWLEDGED, IncidentState.PLANNED}
    first = next((t.at for t in incident.transitions if t.state in taken), None)
    return None if first is None else first - incident.opened_at


def time_to_resolve(incident: Incident) -> timedelta | None:
    """Returns how long the incident was open."""
    return None if incident.closed_at is None else incident.closed_at - incident.opened_at


def _row(incident: Incident) -> dict[str, Any]:
    return {
        "key": incident.key,
        "number": incident.number,
        "asset": incident.asset,
        "opened_at": incident.opened_at.isoformat(),
        "outcome": incident.outcome.kind.value if incident.outcome else "",
        "by": incident.outcome.by if incident.outcome else "",
        "stage": incident.stage.value,
        "closed": incident.closed_at is not None,
    }
