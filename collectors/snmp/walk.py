"""Asks one agent for whole tables; values come as plain numbers and texts."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pysnmp.hlapi.v3arch import asyncio as snmp

from aiops.contracts.errors import Unreachable
from collectors.snmp.settings import Cipher, Digest, SnmpSettings, Version
from collectors.snmp.transport import Target

# Source: the service's own promise against amplification: at most 25 values an answer.
_REPETITIONS: Final = 25
_AT_ONCE: Final = 64
"""Agents. The first answers of 250 overflow a socket's buffer while the last are still asked."""
_DIGESTS: Final = {
    Digest.SHA: snmp.usmHMACSHAAuthProtocol,
    Digest.SHA256: snmp.usmHMAC192SHA256AuthProtocol,
    Digest.MD5: snmp.usmHMACMD5AuthProtocol,
}
_CIPHERS: Final = {
    Cipher.AES: snmp.usmAesCfb128Protocol,
    Cipher.AES256: snmp.usmAesCfb256Protocol,
    Cipher.DES: snmp.usmDESPrivProtocol,
}
_OCTETS: Final = frozenset({"OctetString", "DisplayString", "IpAddress", "Opaque"})
_ABSENT: Final = frozenset({"NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"})

Index = tuple[int, ...]
Value = int | str


@dataclass(slots=True)
class Answers:
    """What one agent said.

    Attributes:
        columns: OID of a column to index to value.
        deep: OID of a column to the whole index to value; octets stay octets.
        cut: Tables that were cut off, or did not advance.
    """

    columns: dict[str, dict[Index, Value]] = field(default_factory=dict)
    deep: dict[str, dict[Index, int | bytes]] = field(default_factory=dict)
    cut: int = 0

    def column(self, oid: str) -> Mapping[Index, Value]:
        """Returns a column, empty where the agent has none."""
        return self.columns.get(oid, {})

    def number(self, oid: str, index: Index = (0,)) -> float | None:
        """Returns a number, None where there is none; texts such as ``7.90`` are numbers."""
        value = self.column(oid).get(index)
        try:
            return None if value is None else float(value)
        except ValueError:
            return None


def credentials(settings: SnmpSettings) -> Any:
    """Returns what the library needs to know of who asks."""
    if settings.version is Version.V2C:
        community = settings.community.reveal() if settings.community else "public"
        return snmp.CommunityData(community, mpModel=1)  # noqa: S508  # many devices speak only this
    given: dict[str, Any] = {}
    if settings.password:
        given |= {
            "authKey": settings.password.reveal(),
            "authProtocol": _DIGESTS[settings.digest],
        }
    if settings.privacy_password:
        given |= {
            "privKey": settings.privacy_password.reveal(),
            "privProtocol": _CIPHERS[settings.cipher],
        }
    return snmp.UsmUserData(settings.username, **given)  # noqa: S509  # it is in `given`


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of an agent.

    Attributes:
        tables: Subtrees whose objects have an index of one number.
        seldom: The same, without which the rest is of use: one that fails costs no other.
        deep: Columns with longer indexes, as seldom.
        raw: Columns of octets that are no text, told as hexadecimal digits.
    """

    tables: tuple[str, ...]
    seldom: tuple[str, ...] = ()
    deep: tuple[str, ...] = ()
    raw: frozenset[str] = frozenset()


async def walk(
    engine: Any, who: Any, place: tuple[str, int], wanted: Wanted, settings: SnmpSettings
) -> Answers:
    """Walks some subtrees of one agent.

    Raises:
        Unreachable: It does not answer, or not to us.
    """
    try:
        target = await Target.create(
            place, timeout=settings.timeout_seconds, retries=settings.retries
        )
    except Exception as error:  # the library wraps every look-up error in a bare one
        raise Unreachable(f"{place[0]}: {error}", "dns") from error
    found = Answers()
    for table in wanted.tables:
        await _walk_table(found, engine, who, target, table, place, settings, wanted)
    try:
        for table in (*wanted.seldom, *wanted.deep):
            await _walk_table(found, engine, who, target, table, place, settings, wanted)
    except Unreachable:
        found.cut += 1
    return found


async def _walk_table(
    found: Answers,
    engine: Any,
    who: Any,
    target: Any,
    table: str,
    place: tuple[str, int],
    settings: SnmpSettings,
    wanted: Wanted,
) -> None:
    start = tuple(int(part) for part in table.split("."))
    before: Index = ()
    rows = 0
    walked = snmp.bulk_walk_cmd(
        engine,
        who,
        target,
        snmp.ContextData(),
        0,
        _REPETITIONS,
        snmp.ObjectType(snmp.ObjectIdentity(table)),
        lexicographicMode=False,
        lookupMib=False,
    )
    async for error, status, _, bindings in walked:
        if error:
            _refuse(place, error)
        if status:
            return
        for name, value in bindings:
            oid = tuple(name)
            if oid[: len(start)] != start:
                return
            rows += 1
            if oid <= before or rows > settings.max_rows:
                found.cut += 1
                return
            before = oid
            if table in wanted.deep:
                _keep_deep(found, table, oid[len(start) :], value)
            else:
                _keep(found, oid, value, wanted.raw)


def _keep_deep(found: Answers, column: str, index: Index, value: Any) -> None:
    kind = type(value).__name__
    if kind not in _ABSENT:
        octets = kind in _OCTETS
        found.deep.setdefault(column, {})[index] = bytes(value) if octets else int(value)


def _keep(found: Answers, oid: Index, value: Any, raw: frozenset[str]) -> None:
    kind = type(value).__name__
    if kind in _ABSENT:
        return
    column = ".".join(str(part) for part in oid[:-1])
    plain: Value
    if kind in _OCTETS and column in raw:
        plain = bytes(value).hex()
    elif kind in _OCTETS:
        plain = bytes(value).rstrip(b"\x00").decode("utf-8", "replace")
    elif kind == "ObjectIdentifier":
        plain = ".".join(str(part) for part in value)
    else:
        plain = int(value)
    # The columns that are read have one number after their table entry, scalars a zero.
    found.columns.setdefault(column, {})[(oid[-1],)] = plain


def _refuse(place: tuple[str, int], error: Any) -> None:
    words = str(error)
    kind = type(error).__name__
    if "TimedOut" in kind:
        told = "no answer in time (or another community)"
        raise Unreachable(f"{place[0]}:{place[1]}: {told}", "timeout")
    raise Unreachable(f"{place[0]}:{place[1]}: {words}", "auth")


async def walk_all(
    engine: Any,
    who: Any,
    targets: Mapping[str, tuple[str, int]],
    wanted: Wanted,
    settings: SnmpSettings,
    seconds: float,
) -> dict[str, Answers | Unreachable]:
    """Walks many agents at the same time; one that hangs costs no other."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(place: tuple[str, int]) -> Answers | Unreachable:
        try:
            async with asyncio.timeout(seconds), turns:
                return await walk(engine, who, place, wanted, settings)
        except Unreachable as error:
            return error
        except TimeoutError:
            return Unreachable(f"{place[0]}:{place[1]}: not done in {seconds:g} s", "timeout")

    answers = await asyncio.gather(*(one(place) for place in targets.values()))
    return dict(zip(targets, answers, strict=True))
