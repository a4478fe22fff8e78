"""The service judges itself: what is noisy, what is unused, and what to change."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from aiops.domain.incident import Incident, IncidentKind
from aiops.domain.run import RunState
from aiops.learn.background import Background
from aiops.learn.ladder import LadderRules, Proposal, metric_kind
from aiops.learn.verdict import judged, method_of, was_right, weighed

_NOISY_FROM: Final = 3
"""Fewer false incidents are no pattern."""
_WEEK: Final = timedelta(days=7)
_BAD_RUNS: Final = frozenset({RunState.FAILED, RunState.ROLLED_BACK, RunState.UNKNOWN})


def evaluate(
    incidents: Sequence[Incident],
    proposals: Sequence[Proposal],
    rules: LadderRules,
    observed: timedelta,
    background: Background,
) -> dict[str, Any]:
    """Returns the noisiest methods, runbooks nobody used, and named advice with its cases."""
    noisiest = _noisiest(incidents, proposals)
    used = Counter(run.runbook for run in background.runs if run.started_at is not None)
    unused = sorted(name for name in background.runbooks if not used[name])
    return {
        "noisiest": noisiest,
        "unused_runbooks": unused,
        "advice": [
            *_quieter(noisiest, rules, observed),
            *_runbooks(background),
            *({"what": "use_or_remove_runbook", "subject": n, "n": 0, "cases": []} for n in unused),
            *_verdicts(incidents),
        ],
    }


def _noisiest(incidents: Sequence[Incident], proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    bars = {(p.method, p.metric_kind, p.team): p.bar for p in proposals}
    groups: dict[tuple[str, str, str], list[Incident]] = {}
    for each in weighed(incidents):
        method = method_of(each)
        if method and not was_right(each):
            place = (method, metric_kind(each.series.metric), each.owner)
            groups.setdefault(place, []).append(each)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        {
            "method": method,
            "metric_kind": kind,
            "team": team,
            "false": len(cases),
            "bar": bars.get((method, kind, team)),
            "cases": [each.key for each in cases],
        }
        for (method, kind, team), cases in ranked[:10]
    ]


def _quieter(
    noisiest: Sequence[dict[str, Any]], rules: LadderRules, observed: timedelta
) -> list[dict[str, Any]]:
    weeks = max(observed / _WEEK, 1 / 7)
    found = []
    for row in noisiest:
        over = row["false"] / weeks > rules.per_week
        if row["false"] >= _NOISY_FROM and over:
            subject = " ".join(filter(None, (row["method"], row["metric_kind"], row["team"])))
            bar = row["bar"]
            found.append(
                {
                    "what": "raise_bar" if bar else "leave_in_shadow",
                    "subject": subject,
                    "n": row["false"],
                    "value": bar,
                    "cases": row["cases"],
                }
            )
    return found


def _runbooks(background: Background) -> list[dict[str, Any]]:
    bad: dict[str, list[str]] = {}
    for run in background.runs:
        if run.state in _BAD_RUNS:
            bad.setdefault(run.runbook, []).append(run.incident)
    return [
        {"what": "mend_runbook", "subject": name, "n": len(cases), "cases": cases}
        for name, cases in sorted(bad.items())
    ]


def _verdicts(incidents: Sequence[Incident]) -> list[dict[str, Any]]:
    """Predictions that ended with nobody's word teach nothing when they only seem averted."""
    ended = [
        each
        for each in incidents
        if each.kind is IncidentKind.PREDICTIVE and each.outcome is not None
    ]
    judging = {each.key for each in judged(incidents)}
    silent = [each.key for each in ended if each.key not in judging]
    if not ended or 2 * len(silent) <= len(ended):
        return []
    return [{"what": "say_how_it_ended", "subject": "", "n": len(silent), "cases": silent}]
