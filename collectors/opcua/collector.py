"""The opcua collector: changes at their own time, and what holds now."""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from asyncua import ua

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from collectors.opcua.session import Change, Session
from collectors.opcua.settings import OpcuaSettings, Protection

_SHARE: Final = 0.9


class OpcuaCollector:
    """Reads one server; the library may block, so it lives in a worker."""

    def __init__(self, settings: OpcuaSettings) -> None:
        _check(settings)
        self._settings = settings
        self._book = SeriesBook()
        self._session: Session | None = None

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Returns what changed since the last collection, and the present values.

        Raises:
            Unreachable: The server cannot be had, refuses us, or has none of the nodes.
        """
        if self._session is None:
            self._session = Session(self._settings)
        session = self._session
        changes, present, overflown = session.read(deadline.total_seconds() * _SHARE)
        draft = Draft(self._book)
        now = to_stored_ns(until)
        for change in changes:
            self._take(draft, change, _time(change.value) or now)
        for change in present:
            self._take(draft, change, now)
        for reason, count in (("limit", overflown), ("node", session.empty)):
            if count:
                draft.drop(reason, count)
        return draft.collection(cursor)

    def discover(self) -> Inventory:
        """Returns what the variables speak of."""
        return self._book.inventory()

    def close(self) -> None:
        """Leaves the server."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _take(self, draft: Draft, change: Change, at: int) -> None:
        told = change.value
        if told.StatusCode is not None and not told.StatusCode.is_good():
            draft.drop("quality")
            return
        value = told.Value.Value if told.Value is not None else None
        if not isinstance(value, bool | int | float):
            draft.drop("type")
            return
        variable = change.variable
        rule = variable.rule
        assets = (Asset(variable.asset, self._settings.kind),)
        draft.add(variable.metric, assets, float(value), at, fail=rule.fail, warn=rule.warn)


def _time(value: ua.DataValue) -> int | None:
    told = value.SourceTimestamp or value.ServerTimestamp
    if told is None:
        return None
    aware = told if told.tzinfo else told.replace(tzinfo=UTC)
    return to_stored_ns(aware)


def _check(settings: OpcuaSettings) -> None:
    problems = _check_address(settings.url)
    if not settings.nodes:
        problems.append("nodes: there are none; write at least one")
    for rule in settings.nodes:
        try:
            ua.NodeId.from_string(rule.node)
        except (ua.UaError, ValueError):
            problems.append(f"nodes: {rule.node!r} is no node id such as ns=2;s=Name")
        if rule.depth and "{name}" not in rule.metric and "{path}" not in rule.metric:
            problems.append(f"nodes: {rule.node}: with depth, metric needs {{name}} or {{path}}")
    pair = settings.certificate, settings.private_key
    if settings.protection is not Protection.NONE and not all(pair):
        problems.append("protection: needs certificate and private_key")
    if problems:
        raise ConfigError(problems)


def _check_address(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        sound = parts.scheme == "opc.tcp" and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        return ["url: not an address such as opc.tcp://plc-1:4840"]
    if parts.username is not None or parts.password is not None:
        return ["url: put the account into username and password, not into the address"]
    if is_metadata(parts.hostname or ""):
        return [f"url: {parts.hostname} is a link-local address; these are never read"]
    return []
