"""What a runbook says. Read from YAML, wrong ones are refused with their line.

There is no shell and no template inside a word: a word is either text as it stands or one
whole placeholder ``{name}`` of a declared parameter.

Source: the OWASP OS Command Injection Defense cheat sheet (arguments as a list, allow-listed
values).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from aiops.contracts.secret import Secret
from aiops.domain.run import Phase, Tier

PLAIN_VALUE: Final = "[A-Za-z0-9][A-Za-z0-9._:/@+-]*"
"""Values as assets and labels usually have them; no dash in front, no space, no quote."""
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SHORTEST: Final = timedelta(0)
_LONGEST: Final = timedelta(hours=6)


class ParameterSource(StrEnum):
    """Where the value of a parameter comes from; never from a person's free text."""

    ASSET = "asset"
    HOST = "host"
    METRIC = "metric"
    LABEL = "label"
    INCIDENT = "incident"


class Method(StrEnum):
    """What a call asks for."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value of the incident that a step may use."""

    name: str = field(metadata={"help": "Used as a whole word: {name}."})
    source: ParameterSource = field(
        metadata={"help": "asset, host (its topmost parent), metric, label or incident."}
    )
    label: str = field(default="", metadata={"help": "Which label, for source: label."})
    pattern: str = field(default=PLAIN_VALUE, metadata={"help": "What the whole value must match."})

    def __post_init__(self) -> None:
        if _PLACEHOLDER.fullmatch(f"{{{self.name}}}") is None:
            raise ValueError(f"`{self.name}` is no name of a parameter, expected letters and _")
        if bool(self.label) != (self.source is ParameterSource.LABEL):
            raise ValueError("`label` belongs to `source: label`, and that needs it")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"the pattern cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request; its address is fixed, redirects are not followed."""

    url: str = field(metadata={"help": "Address, without placeholders."})
    method: Method = field(default=Method.POST, metadata={"help": "The request's method."})
    body: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "Sent as a JSON object; values may be {name}."}
    )
    token: Secret = field(default=Secret(""), metadata={"help": "Sent as `Authorization: Bearer`."})
    expect: tuple[int, ...] = field(
        default=(200, 201, 202, 204), metadata={"help": "Status codes that are a success."}
    )
    contains: str = field(default="", metadata={"help": "Text the answer must contain."})


@dataclass(frozen=True, slots=True)
class Ansible:
    """One playbook, run by the installed ``ansible-playbook``; a dry run uses ``--check``."""

    playbook: str = field(metadata={"help": "Path of the playbook."})
    inventory: str = field(metadata={"help": "Path of the inventory."})
    limit: str = field(metadata={"help": "Host to act on: text, or {name}."})
    variables: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "Extra variables; values may be {name}."}
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: exactly one of ``run``, ``call`` and ``ansible``."""

    name: str = field(metadata={"help": "Shown in the audit."})
    run: tuple[str, ...] = field(
        default=(), metadata={"help": "Program and arguments, each a word of its own."}
    )
    call: Call | None = field(default=None, metadata={"help": "An HTTP request."})
    ansible: Ansible | None = field(default=None, metadata={"help": "A playbook."})
    dry_run: tuple[str, ...] = field(
        default=(), metadata={"help": "What a dry run runs in place of `run`; changes nothing."}
    )
    environment: Mapping[str, Secret] = field(
        default_factory=dict, metadata={"help": "Secrets given to the program, by variable."}
    )
    timeout: timedelta = field(
        default=timedelta(minutes=1),
        metadata={"help": "The step is ended after it.", "above": _SHORTEST, "maximum": _LONGEST},
    )

    def __post_init__(self) -> None:
        if sum((bool(self.run), self.call is not None, self.ansible is not None)) != 1:
            raise ValueError(f"step `{self.name}`: expected exactly one of run, call and ansible")
        if self.dry_run and not self.run:
            raise ValueError(f"step `{self.name}`: dry_run belongs to run")
        for words in (self.run[:1], self.dry_run[:1]):
            if words and (not words[0] or placeholder(words[0]) is not None):
                raise ValueError(f"step `{self.name}`: the program is written out, no {{name}}")

    @property
    def kind(self) -> str:
        """``run``, ``call`` or ``ansible``."""
        return "run" if self.run else "call" if self.call else "ansible"

    def words(self) -> tuple[str, ...]:
        """Returns every word that may be a placeholder."""
        found = [*self.run, *self.dry_run]
        if self.call is not None:
            found += self.call.body.values()
        if self.ansible is not None:
            found += [self.ansible.limit, *self.ansible.variables.values()]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which incidents it is for; an empty list matches all, patterns as in a shell."""

    metrics: tuple[str, ...] = field(default=(), metadata={"help": "Metric names or patterns."})
    kinds: tuple[str, ...] = field(default=(), metadata={"help": "Kinds of asset."})
    categories: tuple[str, ...] = field(
        default=(), metadata={"help": "Categories of the incident."}
    )
    assets: tuple[str, ...] = field(default=(), metadata={"help": "Asset keys or patterns."})


@dataclass(frozen=True, slots=True)
class Runbook:
    """Steps, how to see that they worked, and how to take them back."""

    name: str = field(metadata={"help": "Unique name."})
    title: str = field(metadata={"help": "What it does, for people."})
    steps: tuple[Step, ...] = field(metadata={"help": "Done in order; the first failure ends it."})
    tier: Tier = field(
        default=Tier.HIGH,
        metadata={"help": "low, medium (one person agrees) or high (two different people)."},
    )
    title_zh: str = field(default="", metadata={"help": "The title in Chinese."})
    match: Selector = field(
        default_factory=Selector, metadata={"help": "Incidents it is proposed with."}
    )
    parameters: tuple[Parameter, ...] = field(
        default=(), metadata={"help": "Values of the incident that steps use."}
    )
    verify: tuple[Step, ...] = field(
        default=(), metadata={"help": "Steps that succeed only when it has worked."}
    )
    rollback: tuple[Step, ...] = field(
        default=(), metadata={"help": "Done in order when a step or the verification fails."}
    )
    timeout: timedelta = field(
        default=timedelta(minutes=10),
        metadata={
            "help": "Steps and verification together end after it.",
            "above": _SHORTEST,
            "maximum": _LONGEST,
        },
    )

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("steps: none, expected at least one")
        names = [each.name for each in self.parameters]
        for _, step in self.all_steps():
            for word in step.words():
                name = placeholder(word)
                if name is not None and name not in names:
                    raise ValueError(f"step `{step.name}`: {word} is no declared parameter")
        if len(set(names)) < len(names):
            raise ValueError("parameters: a name stands twice")

    def all_steps(self) -> list[tuple[Phase, Step]]:
        """Returns every step with its phase, in order."""
        phases = (
            (Phase.DO, self.steps),
            (Phase.VERIFY, self.verify),
            (Phase.ROLLBACK, self.rollback),
        )
        return [(phase, step) for phase, steps in phases for step in steps]

    def secrets(self) -> list[str]:
        """Returns every secret value, for masking what is shown."""
        found = [s for _, step in self.all_steps() for s in step.environment.values()]
        found += [step.call.token for _, step in self.all_steps() if step.call is not None]
        return [secret.reveal() for secret in found if secret]


def placeholder(word: str) -> str | None:
    """Returns the name of the parameter that a whole word stands for.

    >>> placeholder("{mount}"), placeholder("--path={mount}"), placeholder("plain")
    ('mount', None, None)
    """
    found = _PLACEHOLDER.fullmatch(word)
    return found.group(1) if found else None
