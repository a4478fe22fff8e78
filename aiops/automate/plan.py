"""From a runbook and an incident to exactly what will be done, and its digest."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from aiops.automate.runbook import Parameter, ParameterSource, Runbook, Step, placeholder
from aiops.contracts.errors import Refused
from aiops.contracts.secret import Secret
from aiops.domain.asset import Asset
from aiops.domain.incident import Incident
from aiops.domain.run import Phase, PlannedStep
from aiops.domain.silence import lineage

_LONGEST_VALUE: Final = 256
_NEVER: Final = re.compile(r"[\x00-\x1f\x7f{}]")
"""Control characters, and braces that Ansible would take for a template."""
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Ansible reads ``:``, ``!``, ``&``, ``,`` and ``*`` in a limit as operators.

Source: Ansible documentation, Patterns: targeting hosts and groups.
"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A planned step with what only its execution needs.

    Attributes:
        rehearsal: What a dry run runs instead; empty when there is nothing safe to run.
    """

    planned: PlannedStep
    step: Step
    rehearsal: tuple[str, ...] = ()


def render(
    runbook: Runbook, incident: Incident, assets: Mapping[str, Asset]
) -> tuple[Rendered, ...]:
    """Returns every step with its parameters filled.

    Raises:
        Refused: A value is not there, or is not what its parameter's pattern allows.
    """
    values = {p.name: _value(p, incident, assets) for p in runbook.parameters}
    return tuple(_render(phase, step, values) for phase, step in runbook.all_steps())


def edition_of(runbook: Runbook) -> str:
    """Returns the digest of a runbook's whole text; secrets count by their presence only."""
    return _digest(_plain(runbook))


def digest_of(runbook: Runbook, incident: Incident, steps: tuple[Rendered, ...]) -> str:
    """Returns the digest an approval is for: another word anywhere, and it is void."""
    plan = [_plain(each.planned) for each in steps]
    return _digest([edition_of(runbook), incident.key, incident.asset, plan])


def _value(parameter: Parameter, incident: Incident, assets: Mapping[str, Asset]) -> str:
    match parameter.source:
        case ParameterSource.ASSET:
            value = incident.asset
        case ParameterSource.HOST:
            value = lineage(incident.asset, assets)[-1]
        case ParameterSource.METRIC:
            value = incident.series.metric
        case ParameterSource.INCIDENT:
            value = incident.key
        case ParameterSource.LABEL:
            value = dict(incident.series.labels).get(parameter.label, "")
    if not value or len(value) > _LONGEST_VALUE:
        raise Refused(f"parameter {parameter.name}: {incident.display} has no usable value for it")
    if value.startswith("-") or _NEVER.search(value):
        raise Refused(f"parameter {parameter.name}: {value!r} could be taken for an option or code")
    if re.fullmatch(parameter.pattern, value) is None:
        raise Refused(f"parameter {parameter.name}: {value!r} does not match {parameter.pattern}")
    return value


def _render(phase: Phase, step: Step, values: Mapping[str, str]) -> Rendered:
    def fill(word: str) -> str:
        name = placeholder(word)
        return word if name is None else values[name]

    words: tuple[str, ...]
    rehearsal: tuple[str, ...] = ()
    if step.call is not None:
        body = json.dumps({k: fill(v) for k, v in step.call.body.items()}, sort_keys=True)
        words = (step.call.method.value, step.call.url, body if step.call.body else "")
    elif step.ansible is not None:
        words, rehearsal = _ansible_words(step, fill)
    else:
        words = tuple(map(fill, step.run))
        rehearsal = tuple(map(fill, step.dry_run))
    return Rendered(PlannedStep(phase, step.name, step.kind, words), step, rehearsal)


def _ansible_words(step: Step, fill: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ansible = step.ansible
    if ansible is None:  # its caller has looked
        return (), ()
    limit = fill(ansible.limit)
    if _HOST.fullmatch(limit) is None:
        raise Refused(f"step {step.name}: {limit!r} is no host name, Ansible would read a pattern")
    variables = {name: fill(value) for name, value in ansible.variables.items()}
    extra = ("--extra-vars", json.dumps(variables, sort_keys=True)) if variables else ()
    head = ("ansible-playbook", "--inventory", ansible.inventory, "--limit", limit, *extra)
    end = ("--", ansible.playbook)
    return (*head, *end), (*head, "--check", *end)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return bool(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_fields(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    for each in fields(value):
        yield each.name, _plain(getattr(value, each.name))
