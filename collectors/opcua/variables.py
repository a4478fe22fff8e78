"""Which variables there are, what they are called here, and in what unit they are."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from asyncua import Client, ua
from asyncua.common.node import Node

from aiops.contracts.errors import Unreachable
from aiops.domain.metric import Metric
from collectors.opcua.settings import NodeSettings, OpcuaSettings

# Source: UNECE Recommendation 20 and UCUM 2.2; the codes that machines use most.
_UCUM: Final = {
    "CEL": "Cel", "KEL": "K", "FAH": "[degF]", "P1": "%", "C62": "1", "PAL": "Pa", "BAR": "bar",
    "MBR": "mbar", "KPA": "kPa", "MPA": "MPa", "VLT": "V", "AMP": "A", "4K": "mA", "WTT": "W",
    "KWT": "kW", "KWH": "kW.h", "WHR": "W.h", "HTZ": "Hz", "RPM": "/min", "C16": "mm/s",
    "MTS": "m/s", "MSK": "m/s2", "MMT": "mm", "MTR": "m", "SEC": "s", "C26": "ms", "MIN": "min",
    "HUR": "h", "LTR": "L", "MTQ": "m3", "MQH": "m3/h", "KGM": "kg", "NEW": "N", "NU": "N.m",
    "2N": "dB", "GRM": "g", "OHM": "Ohm", "JOU": "J",
}  # fmt: skip
_CEFACT: Final = "http://www.opcfoundation.org/UA/units/un/cefact"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that is read."""

    node: Node
    asset: str
    metric: Metric
    rule: NodeSettings


async def find_variables(client: Client, settings: OpcuaSettings) -> tuple[list[Variable], int]:
    """Returns the variables of every rule, and how many rules found none.

    Raises:
        Unreachable: There are more than ``max_variables``.
    """
    found: dict[str, Variable] = {}
    empty = 0
    for rule in settings.nodes:
        before = len(found)
        try:
            async for node, names in _below(client.get_node(rule.node), rule.depth):
                found.setdefault(node.nodeid.to_string(), await _variable(node, names, rule))
                if len(found) > settings.max_variables:
                    words = f"{settings.url}: over {settings.max_variables} variables"
                    raise Unreachable(f"{words}; name smaller parts in nodes", "limit")
        except ua.UaError:  # a node that is not there costs no other
            empty += 1
            continue
        empty += len(found) == before
    return list(found.values()), empty


async def _below(start: Node, depth: int) -> AsyncIterator[tuple[Node, tuple[str, ...]]]:
    """Yields variables and the names from the start on, the start's own first."""
    name = (await start.read_browse_name()).Name or ""
    if depth == 0:
        yield start, (name,)
        return
    waiting: list[tuple[Node, tuple[str, ...]]] = [(start, (name,))]
    seen = {start.nodeid}
    while waiting:
        node, names = waiting.pop(0)
        for child in await node.get_children_descriptions():
            if child.NodeId in seen or child.BrowseName is None:  # there may be circles
                continue
            seen.add(child.NodeId)
            path = (*names, child.BrowseName.Name or "")
            own = Node(node.session, child.NodeId)
            if child.NodeClass is ua.NodeClass.Variable:
                # Properties such as EngineeringUnits describe a variable and are none themselves.
                if child.ReferenceTypeId != ua.NodeId(ua.ObjectIds.HasProperty):
                    yield own, path
            elif child.NodeClass is ua.NodeClass.Object and len(path) <= depth:
                waiting.append((own, path))


async def _variable(node: Node, names: tuple[str, ...], rule: NodeSettings) -> Variable:
    parent = names[-2] if len(names) > 1 else ""
    if not parent and "{parent}" in rule.asset:
        above = await node.get_parent()
        parent = ((await above.read_browse_name()).Name or "") if above is not None else ""
    told = {"name": names[-1], "parent": parent, "path": ".".join(names[1:]) or names[0]}
    asset, metric = (_fill(template, told) for template in (rule.asset, rule.metric))
    unit = rule.unit or await _unit(node)
    return Variable(node, asset, Metric(metric, unit, rule.kind, rule.bad_direction), rule)


def _fill(template: str, told: dict[str, str]) -> str:
    for name, value in told.items():
        template = template.replace(f"{{{name}}}", value)
    return template


async def _unit(node: Node) -> str:
    try:
        of: Any = await (await node.get_child("0:EngineeringUnits")).read_value()
    except ua.UaError:
        return "1"
    return unit_of(getattr(of, "UnitId", 0)) if getattr(of, "NamespaceUri", "") == _CEFACT else "1"


def unit_of(code: int) -> str:
    """Returns the UCUM code of a unit's number, ``1`` where it has none here.

    Source: OPC 10000-8, 5.6.3: the characters of the common code, one byte each.

    >>> unit_of(4408652)
    'Cel'
    """
    size = (max(code, 0).bit_length() + 7) // 8
    return _UCUM.get(max(code, 0).to_bytes(size, "big").decode("ascii", "replace"), "1")
