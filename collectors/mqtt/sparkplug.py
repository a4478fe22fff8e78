"""Sparkplug B: births say what there is and under which alias, data says what it measures.

Source: Eclipse Sparkplug 3.0, ``sparkplug_b.proto`` (the field numbers are its own) and chapter 6.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from google.protobuf.message import DecodeError

from aiops.domain.metric import Direction, Metric
from collectors._protobuf import FIELD, MANY, ONE, message_class
from collectors.mqtt.payload import BadPayload, Reading
from collectors.mqtt.settings import TopicSettings

NAMESPACE: Final = "spBv1.0"
ONLINE: Final = Metric("device.online", "1", bad_direction=Direction.DOWN, floor=0.0, ceiling=1.0)
_MESSAGES: Final = {
    "PropertyValue": (
        ("type", 1, FIELD.TYPE_UINT32, ONE, ""),
        ("string_value", 8, FIELD.TYPE_STRING, ONE, ""),
    ),
    "PropertySet": (
        ("keys", 1, FIELD.TYPE_STRING, MANY, ""),
        ("values", 2, FIELD.TYPE_MESSAGE, MANY, "PropertyValue"),
    ),
    "Metric": (
        ("name", 1, FIELD.TYPE_STRING, ONE, ""),
        ("alias", 2, FIELD.TYPE_UINT64, ONE, ""),
        ("timestamp", 3, FIELD.TYPE_UINT64, ONE, ""),
        ("datatype", 4, FIELD.TYPE_UINT32, ONE, ""),
        ("is_null", 7, FIELD.TYPE_BOOL, ONE, ""),
        ("properties", 9, FIELD.TYPE_MESSAGE, ONE, "PropertySet"),
        ("int_value", 10, FIELD.TYPE_UINT32, ONE, ""),
        ("long_value", 11, FIELD.TYPE_UINT64, ONE, ""),
        ("float_value", 12, FIELD.TYPE_FLOAT, ONE, ""),
        ("double_value", 13, FIELD.TYPE_DOUBLE, ONE, ""),
        ("boolean_value", 14, FIELD.TYPE_BOOL, ONE, ""),
    ),
    "Payload": (
        ("timestamp", 1, FIELD.TYPE_UINT64, ONE, ""),
        ("metrics", 2, FIELD.TYPE_MESSAGE, MANY, "Metric"),
    ),
}
# Data types whose numbers travel as unsigned ones, and their bits.
_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_NUMBERS: Final = frozenset(range(1, 12))
_BIRTHS: Final = {"NBIRTH", "DBIRTH"}
_DATA: Final = {"NDATA", "DDATA"}
_DEATHS: Final = {"NDEATH", "DDEATH"}
_MILLISECOND_NS: Final = 1_000_000
_MAX_MS: Final = 2**63 // _MILLISECOND_NS
_OWN: Final = ("Node Control/", "Device Control/", "bdSeq")
_SEQUENCE: Final = "bdSeq"
_MAX_KNOWN: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Known:
    """What a birth said of an alias or a name."""

    name: str
    datatype: int
    unit: str


@dataclass(slots=True)
class _Node:
    """One edge node: its aliases, those of its devices too, and which devices are there.

    Attributes:
        birth: Number of its last birth; a death of another one comes late.
    """

    by_alias: dict[int, _Known] = field(default_factory=dict)
    by_name: dict[tuple[str, str], _Known] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    birth: int | None = None


class Sparkplug:
    """Remembers what births said.

    Attributes:
        unknown: Nodes whose data named an alias that no birth was heard of, by group and node.
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, str], _Node] = {}
        self.unknown: set[tuple[str, str]] = set()

    def read(
        self, rule: TopicSettings, topic: str, payload: bytes
    ) -> Iterator[Reading | BadPayload]:
        """Yields the numbers of a message, and for each metric that is none why.

        Raises:
            BadPayload: The message as a whole cannot be used.
        """
        levels = topic.split("/")
        if len(levels) < 4 or levels[0] != NAMESPACE:
            raise BadPayload("not a topic of Sparkplug B")
        group, kind, name = levels[1:4]
        device = levels[4] if len(levels) > 4 else ""
        if kind not in _BIRTHS | _DATA | _DEATHS:
            return  # commands, and the state of host applications
        try:
            told = _payload().FromString(payload)
        except DecodeError as error:
            raise BadPayload("no payload of Sparkplug B") from error
        node = self._nodes.setdefault((group, name), _Node())
        asset = _asset(rule, group, name, device)
        if kind in _DEATHS:
            if not device and node.birth not in {None, _sequence(told)}:
                return
            gone = [device] if device else ["", *sorted(node.devices)]
            for one in gone:
                yield Reading(_asset(rule, group, name, one), ONLINE.name, 0.0, None)
            return
        if kind in _BIRTHS:
            self._note(node, device, told, begins=kind == "NBIRTH")
            self.unknown.discard((group, name))
            yield Reading(asset, ONLINE.name, 1.0, None)
        for metric in told.metrics:
            known = _find(node, device, metric)
            if known is None:
                self.unknown.add((group, name))
                yield BadPayload("alias")
                continue
            yield from _reading(rule, asset, metric, known, told.timestamp)

    def _note(self, node: _Node, device: str, told: Any, *, begins: bool) -> None:
        if begins or len(node.by_name) > _MAX_KNOWN:
            node.by_alias.clear()
            node.by_name.clear()
            node.devices.clear()
        if begins:
            node.birth = _sequence(told)
        if device:
            node.devices.add(device)
        for metric in told.metrics:
            if not metric.name:
                continue
            known = _Known(metric.name, metric.datatype, _unit(metric))
            node.by_name[device, metric.name] = known
            if metric.alias:
                node.by_alias[metric.alias] = known


def _sequence(told: Any) -> int | None:
    found = (one.long_value or one.int_value for one in told.metrics if one.name == _SEQUENCE)
    return next(found, None)


def _find(node: _Node, device: str, metric: Any) -> _Known | None:
    if metric.name:
        known = node.by_name.get((device, metric.name))
        return known or _Known(metric.name, metric.datatype, "")
    return node.by_alias.get(metric.alias)


def _reading(
    rule: TopicSettings, asset: str, metric: Any, known: _Known, sent: int
) -> Iterator[Reading | BadPayload]:
    datatype = metric.datatype or known.datatype
    # Properties of the node itself, such as its commands, are none of the machine.
    if metric.is_null or datatype not in _NUMBERS or known.name.startswith(_OWN):
        return
    value = _number(metric, datatype)
    if value is None:
        yield BadPayload("payload")
        return
    at = metric.timestamp or sent
    time = at * _MILLISECOND_NS if 0 < at < _MAX_MS else None
    name = rule.metric.replace("{key}", known.name.replace("/", "."))
    yield Reading(asset, name, value, time, known.unit)


def _number(metric: Any, datatype: int) -> float | None:
    if datatype == 11:
        return float(metric.boolean_value)
    value = metric.int_value or metric.long_value or metric.float_value or metric.double_value
    bits = _SIGNED.get(datatype)
    if bits is not None and value:
        value = int(value) & ((1 << bits) - 1)
        value -= (1 << bits) if value >> (bits - 1) else 0
    return float(value) if math.isfinite(value) else None


def _unit(metric: Any) -> str:
    pairs = zip(metric.properties.keys, metric.properties.values, strict=False)
    found = (value.string_value for key, value in pairs if key == "engUnit")
    return next(found, "")


def _asset(rule: TopicSettings, group: str, node: str, device: str) -> str:
    told = {"{group}": group, "{node}": node, "{device}": device}
    asset = rule.asset
    for name, value in told.items():
        asset = asset.replace(name, value)
    return asset.strip("/")  # a message of the node itself has no device


@lru_cache(maxsize=1)
def _payload() -> Any:
    return message_class("aiops.sparkplug", _MESSAGES, "Payload")


def rebirth() -> bytes:
    """Returns the command by which a node is asked to tell again what it has."""
    payload = _payload()()
    payload.metrics.add(name="Node Control/Rebirth", datatype=11, boolean_value=True)
    return bytes(payload.SerializeToString())
