"""The connection: changes wait here until they are collected."""

import asyncio
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from asyncua import Client, ua
from asyncua.common.node import Node
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from aiops.contracts.errors import Unreachable
from collectors.opcua.settings import OpcuaSettings, Protection
from collectors.opcua.variables import Variable, find_variables

_PUBLISH_MS: Final = 500.0
_QUEUE: Final = 100
_PER_CALL: Final = 500
_LEAVE_SECONDS: Final = 3.0
_MODES: Final = {
    Protection.SIGN: ua.MessageSecurityMode.Sign,
    Protection.ENCRYPT: ua.MessageSecurityMode.SignAndEncrypt,
}
_NO_ACCESS: Final = frozenset(
    {
        ua.StatusCodes.BadUserAccessDenied,
        ua.StatusCodes.BadIdentityTokenInvalid,
        ua.StatusCodes.BadIdentityTokenRejected,
        ua.StatusCodes.BadSecurityChecksFailed,
        ua.StatusCodes.BadSecurityPolicyRejected,
        ua.StatusCodes.BadCertificateUntrusted,
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One value as the server told it."""

    variable: Variable
    value: ua.DataValue


class Session:
    """One connection, kept by a thread of its own from the first question on."""

    def __init__(self, settings: OpcuaSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._variables: list[Variable] = []
        self._variable_by_node: dict[ua.NodeId, Variable] = {}
        self._changes: deque[Change] = deque(maxlen=settings.max_changes)
        self._begun: set[ua.NodeId] = set()
        self._lost = False
        self._overflown = 0
        self.empty = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="opcua", daemon=True)
        self._thread.start()

    def read(self, seconds: float) -> tuple[list[Change], list[Change], int]:
        """Returns the changes since the last call, the present values, and what was too much.

        Raises:
            Unreachable: The server cannot be had, or not by us.
        """
        work = asyncio.run_coroutine_threadsafe(self._read(), self._loop)
        try:
            return work.result(seconds)
        except TimeoutError as error:
            work.cancel()
            words = f"{self._settings.url}: no full answer within {seconds:g} s"
            raise Unreachable(words, "timeout") from error

    def close(self) -> None:
        """Leaves the server."""
        work = asyncio.run_coroutine_threadsafe(self._leave(), self._loop)
        with suppress(TimeoutError):
            work.result(_LEAVE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_LEAVE_SECONDS)
        if not self._thread.is_alive():
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def datachange_notification(self, node: Node, _value: Any, data: Any) -> None:
        """Is called by the library with each change."""
        variable = self._variable_by_node.get(node.nodeid)
        if variable is None:
            return
        if node.nodeid not in self._begun:  # what it was when the subscription began
            self._begun.add(node.nodeid)
            return
        self._overflown += len(self._changes) == self._changes.maxlen
        self._changes.append(Change(variable, data.monitored_item.Value))

    def status_change_notification(self, _status: Any) -> None:
        """Is called by the library when the subscription has ended."""
        self._lost = True

    async def _read(self) -> tuple[list[Change], list[Change], int]:
        try:
            if self._client is None or self._lost:
                await self._leave()
                await self._enter()
            present = await self._present()
        except Unreachable:
            await self._leave()
            raise
        except (ua.UaError, OSError, TimeoutError, asyncio.CancelledError) as error:
            await self._leave()
            if isinstance(error, asyncio.CancelledError):
                raise
            code = getattr(error, "code", 0)
            kind = "auth" if code in _NO_ACCESS else "refused"
            kind = "timeout" if isinstance(error, TimeoutError) else kind
            words = str(error)[:200] or type(error).__name__
            raise Unreachable(f"{self._settings.url}: {words}", kind) from error
        changes, self._changes = list(self._changes), deque(maxlen=self._changes.maxlen)
        overflown, self._overflown = self._overflown, 0
        return changes, present, overflown

    async def _enter(self) -> None:
        settings = self._settings
        client = Client(settings.url, timeout=settings.timeout_seconds)
        if settings.username:
            client.set_user(settings.username)
            client.set_password(settings.password.reveal() if settings.password else "")
        if settings.protection is not Protection.NONE:
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                certificate=settings.certificate,
                private_key=settings.private_key,
                server_certificate=settings.server_certificate or None,
                mode=_MODES[settings.protection],
            )
        await client.connect()
        self._client, self._lost = client, False
        self._variables, self.empty = await find_variables(client, settings)
        if not self._variables:
            raise Unreachable(f"{settings.url}: none of the nodes is there", "empty")
        self._variable_by_node = {one.node.nodeid: one for one in self._variables}
        self._begun.clear()
        subscription = await client.create_subscription(_PUBLISH_MS, self)
        for start in range(0, len(self._variables), _PER_CALL):
            await subscription.subscribe_data_change(
                [one.node for one in self._variables[start : start + _PER_CALL]],
                queuesize=_QUEUE,
                sampling_interval=settings.sampling_seconds * 1000,
            )

    async def _present(self) -> list[Change]:
        client = self._client
        found: list[Change] = []
        for start in range(0, len(self._variables), _PER_CALL) if client else ():
            some = self._variables[start : start + _PER_CALL]
            values = await client.read_attributes([one.node for one in some]) if client else []
            found += [Change(one, value) for one, value in zip(some, values, strict=True)]
        return found

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(ua.UaError, OSError, TimeoutError):
                await asyncio.wait_for(client.disconnect(), _LEAVE_SECONDS)
