"""From a message to samples."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from aiops.contracts.errors import ConfigError
from collectors._told_time import read_time
from collectors.mqtt.settings import Encoding, TopicSettings

_LEVEL: Final = re.compile(r"\{(\d+|key)\}")


class BadPayload(Exception):
    """The message cannot be used; it is acknowledged all the same, or it would come for ever."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a message.

    Attributes:
        time: Nanoseconds, None where the message carries no time.
        unit: What the message says of it, before which a rule's unit goes.
    """

    asset: str
    metric: str
    value: float
    time: int | None
    unit: str = ""


def check_rule(rule: TopicSettings) -> None:
    """Refuses a rule that can never work.

    Raises:
        ConfigError: With what is wrong.
    """
    levels = rule.topic.split("/")
    wrong = any(("+" in level and level != "+") or "#" in level for level in levels[:-1])
    last = levels[-1]
    wrong |= ("#" in last and last != "#") or ("+" in last and last != "+")
    if wrong or not rule.topic or "\x00" in rule.topic or len(rule.topic) > 65_535:
        raise ConfigError([f"topics: {rule.topic[:80]!r} is no topic filter"])
    if rule.encoding is Encoding.SPARKPLUG:
        if levels[0] != "spBv1.0" or "{key}" not in rule.metric:
            told = "topic begins with spBv1.0/ and metric names {key}"
            raise ConfigError([f"topics: {rule.topic!r}: with sparkplug, {told}"])
        return
    if rule.topic.startswith("$"):
        raise ConfigError(["topics: topics of the broker itself ($SYS …) are not read"])
    for template in (rule.asset, rule.metric):
        for name in _LEVEL.findall(template):
            beyond = name != "key" and int(name) > len(levels) and last != "#"
            if name == "0" or beyond or (name == "key" and rule.value != "*"):
                raise ConfigError([f"topics: {template!r}: {rule.topic!r} has no level {{{name}}}"])


def read_message(rule: TopicSettings, topic: str, payload: bytes) -> Iterator[Reading]:
    """Yields the numbers of a message.

    Raises:
        BadPayload: It is not what the rule says.
    """
    levels = topic.split("/")
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise BadPayload("no JSON and no number") from error
    time = _time(_member(document, rule.time)) if rule.time else None
    asset = _fill(rule.asset, levels, "")
    if rule.value == "*":
        if not isinstance(document, Mapping):
            raise BadPayload("no JSON object")
        for key, value in document.items():
            if isinstance(value, int | float) and key != rule.time:
                yield Reading(asset, _fill(rule.metric, levels, key), _number(value), time)
        return
    value = _member(document, rule.value) if rule.value else document
    yield Reading(asset, _fill(rule.metric, levels, ""), _number(value), time)


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic belongs to a filter.

    >>> matches("a/+/c", "a/b/c"), matches("a/#", "a"), matches("a/+", "a/b/c")
    (True, True, False)
    """
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(levels) or level not in {"+", levels[place]}:
            return False
    return len(wanted) == len(levels)


def _fill(template: str, levels: list[str], key: str) -> str:
    def level(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "key":
            return key
        place = int(name) - 1
        if place >= len(levels) or not levels[place]:
            raise BadPayload(f"the topic has no level {name}")
        return levels[place]

    return _LEVEL.sub(level, template)


def _member(document: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(document, Mapping) or name not in document:
            raise BadPayload(f"no member {path}")
        document = document[name]
    return document


def _number(value: Any) -> float:
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise BadPayload("no finite number")
    return float(value)


def _time(told: Any) -> int:
    found = read_time(told)
    if found is None:
        raise BadPayload("no time")
    return found
