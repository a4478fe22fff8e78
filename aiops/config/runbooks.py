"""Runbooks: every ``.yaml`` of a directory, checked as the configuration itself is."""

from pathlib import Path

from aiops.automate.runbook import Runbook
from aiops.automate.settings import AutomateSettings
from aiops.config.problems import Problems
from aiops.config.tree import decode, parse_tree
from aiops.config.walk import INVALID, Walk
from aiops.contracts.errors import ConfigError
from aiops.domain.run import Tier


def load_runbooks(settings: AutomateSettings) -> tuple[Runbook, ...]:
    """Returns the runbooks of the directory by file name; none when no directory is named.

    Raises:
        ConfigError: With every problem of every file, each with file, line and key.
    """
    if not settings.runbooks:
        return ()
    directory = Path(settings.runbooks)
    if not directory.is_dir():
        raise ConfigError([f"{directory}: automate.runbooks: no directory, expected one"])
    found: dict[str, Runbook] = {}
    told: list[str] = []
    for path in sorted(directory.glob("*.yaml")):
        try:
            runbook = load_runbook(path)
        except ConfigError as error:
            told += error.problems
            continue
        if runbook.name in found:
            told.append(f"{path}: name: `{runbook.name}` stands in another file too")
        found[runbook.name] = runbook
    for entry in settings.allow:
        runbook_there = found.get(entry.runbook)
        if runbook_there is None:
            told.append(f"automate.allow: there is no runbook `{entry.runbook}` in {directory}")
        elif runbook_there.tier is not Tier.LOW or not runbook_there.verify:
            told.append(
                f"automate.allow: `{entry.runbook}` must be of tier low and have a verification"
            )
    if told:
        raise ConfigError(told)
    return tuple(found.values())


def load_runbook(path: Path) -> Runbook:
    """Returns the runbook of one file.

    Raises:
        ConfigError: With every problem found.
    """
    problems = Problems(str(path))
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror})"]) from error
    text = decode(raw, problems)
    problems.raise_if_any()
    root = parse_tree(text or "", problems)
    problems.raise_if_any()
    if root is None:
        raise ConfigError([f"{path}: empty, expected a runbook"])
    runbook = Walk(problems, path.parent).build(Runbook, root, "")
    problems.raise_if_any()
    if runbook is INVALID or not isinstance(runbook, Runbook):
        raise ConfigError([f"{path}: no runbook, expected name, title and steps"])
    return runbook
