"""A real OPC UA server, that of asyncua, in a thread."""

import asyncio
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import Server, ua
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.user_managers import UserManager
from cryptography.hazmat.primitives import serialization

from aiops.contracts.errors import ConfigError, Unreachable
from aiops.contracts.secret import Secret
from aiops.domain.metric import Direction
from aiops.testing.collector import check_collector
from collectors.opcua import PLUGIN
from collectors.opcua.settings import NodeSettings, OpcuaSettings, Protection
from tests.ports import free_port
from tests.waiting import wait_for

_DEADLINE = timedelta(seconds=60)
_ALL = NodeSettings("ns=2;s=Line1", "{parent}", "machine.{name}", depth=3, fail=90.0)


class _Accounts(UserManager):
    def get_user(self, iserver, username=None, password=None, certificate=None):
        good = (username, password) == ("reader", "hunter2") or (username is None and certificate)
        return User(role=UserRole.User) if good else None


class Plant:
    """A server with one line, two machines and a few variables."""

    def __init__(self, port=None, accounts=None, certificate=None):
        self.port = port or free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}/plant"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.variables = {}
        self.run(self._start(accounts, certificate))

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _start(self, accounts, certificate):
        server = self.server = Server(user_manager=accounts)
        await server.init()
        server.set_endpoint(self.url)
        if certificate:
            server.set_security_policy(
                [ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt],
                permission_ruleset=SimpleRoleRuleset(),
            )
            await server.load_certificate(certificate["certificate"])
            await server.load_private_key(certificate["private_key"])
        else:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        space = await server.register_namespace("http://plant.example")
        line = await server.nodes.objects.add_object(ua.NodeId("Line1", space), "Line1")
        for machine in ("Press1", "Press2"):
            place = await line.add_object(ua.NodeId(machine, space), machine)
            for name, value in (("Temp", 41.5), ("On", True), ("Text", "x"), ("Speed", 3)):
                node = ua.NodeId(f"{machine}.{name}", space)
                self.variables[node.Identifier] = await place.add_variable(node, name, value)
        celsius = ua.EUInformation(
            "http://www.opcfoundation.org/UA/units/un/cefact", 4408652, ua.LocalizedText("°C")
        )
        await self.variables["Press1.Temp"].add_property(0, "EngineeringUnits", celsius)
        await server.start()

    def write(self, name, value, status=None):
        if status is not None:
            value = ua.DataValue(ua.Variant(value), ua.StatusCode(status))
        self.run(self.variables[name].write_value(value))

    def stop(self):
        self.run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


@pytest.fixture(scope="module")
def plant():
    started = Plant()
    yield started
    started.stop()


@contextmanager
def reading(url, *nodes, **more):
    told = {"sampling_seconds": 0.05, "timeout_seconds": 20.0, **more}
    collector = PLUGIN.create(OpcuaSettings(url, nodes or (_ALL,), **told))
    try:
        yield collector
    finally:
        collector.close()


def collect(collector):
    collection = collector.collect({}, datetime.now(UTC), _DEADLINE)
    batch = collection.batch
    pairs = zip(batch.rows, batch.values, strict=True)
    return [(batch.series[row].text, value) for row, value in pairs], dict(collection.dropped)


def test_variables_are_found_below_an_object_with_their_unit_and_limit(plant):
    with reading(plant.url) as source:
        found, dropped = collect(source)
        inventory = source.discover()
    assert dict(found) == {
        "Press1 machine.Temp": 41.5,
        "Press1 machine.On": 1.0,
        "Press1 machine.Speed": 3.0,
        "Press2 machine.Temp": 41.5,
        "Press2 machine.On": 1.0,
        "Press2 machine.Speed": 3.0,
    }
    assert dropped == {"type": 2}
    units = {metric.name: metric.unit for metric in inventory.metrics}
    assert (units["machine.Temp"], units["machine.Speed"]) == ("Cel", "1")
    assert {limit.direction for limit in inventory.limits} == {Direction.UP}


def test_every_change_between_two_collections_comes_with_its_own_time(plant):
    one = NodeSettings("ns=2;s=Press2.Speed", "press-2", "speed")
    with reading(plant.url, one) as source:
        collect(source)
        for value in (4, 5, 6):
            plant.write("Press2.Speed", value)
            time.sleep(0.01)  # so that their own times differ
        wait_for(lambda: len(source._session._changes) == 3)
        collection = source.collect({}, datetime.now(UTC), _DEADLINE)
        assert collection.batch.values.tolist() == [4.0, 5.0, 6.0, 6.0]
        times = collection.batch.times.tolist()
        assert times == sorted(set(times))
        plant.write("Press2.Speed", 3)


def test_a_bad_status_is_absent_and_never_the_last_good_value(plant):
    with reading(plant.url, NodeSettings("ns=2;s=Press1.Temp", "press-1", "t")) as source:
        plant.write("Press1.Temp", 1.0, ua.StatusCodes.BadSensorFailure)
        try:
            assert collect(source) == ([], {"quality": 1})
            plant.write("Press1.Temp", 2.0, ua.StatusCodes.UncertainLastUsableValue)
            assert collect(source)[1]["quality"] >= 1
            plant.write("Press1.Temp", float("nan"), ua.StatusCodes.Good)
            assert collect(source)[1]["non_finite"] >= 1
        finally:
            plant.write("Press1.Temp", 41.5, ua.StatusCodes.Good)


def test_a_node_that_is_not_there_costs_no_other(plant):
    nodes = NodeSettings("ns=2;s=Nope", "a", "b"), NodeSettings("ns=2;s=Press1.Speed", "a", "s")
    with reading(plant.url, *nodes) as source:
        assert collect(source) == ([("a s", 3.0)], {"node": 1})
    with reading(plant.url, nodes[0]) as source, pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == "empty"


def test_more_variables_than_allowed_are_refused(plant):
    with reading(plant.url, max_variables=3) as source, pytest.raises(Unreachable) as raised:
        collect(source)
    assert raised.value.kind == "limit"


def test_after_a_restart_of_the_server_it_is_read_again():
    first = Plant()
    with reading(first.url, NodeSettings("ns=2;s=Press1.Speed", "a", "s")) as source:
        assert collect(source)[0] == [("a s", 3.0)]
        first.stop()
        with pytest.raises(Unreachable):
            collect(source)
        second = Plant(first.port)
        try:
            assert collect(source)[0] == [("a s", 3.0)]
        finally:
            second.stop()


def test_an_account_that_is_wrong_is_told_without_its_password():
    locked = Plant(accounts=_Accounts())
    try:
        with reading(locked.url, username="reader", password=Secret("hunter2")) as source:
            assert collect(source)[0]
        with reading(locked.url, username="reader", password=Secret("s3cret")) as source:
            with pytest.raises(Unreachable) as raised:
                collect(source)
            assert raised.value.kind == "auth"
            assert "s3cret" not in str(raised.value)
    finally:
        locked.stop()


def _pair(folder, name):
    from asyncua.crypto.cert_gen import generate_private_key, generate_self_signed_app_certificate
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = generate_private_key()
    made = generate_self_signed_app_certificate(
        key,
        name,
        {"commonName": name},
        [],
        extended=[ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH],
    )
    paths = {"certificate": folder / f"{name}.der", "private_key": folder / f"{name}.pem"}
    paths["certificate"].write_bytes(made.public_bytes(serialization.Encoding.DER))
    paths["private_key"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {key: str(path) for key, path in paths.items()}


def test_messages_are_encrypted_when_that_is_asked_for(tmp_path):
    ours, theirs = _pair(tmp_path, "ours"), _pair(tmp_path, "theirs")
    sealed = Plant(certificate=theirs)
    try:
        told = {**ours, "protection": Protection.ENCRYPT}
        told["server_certificate"] = theirs["certificate"]
        with reading(sealed.url, **told) as source:
            assert collect(source)[0]
        with reading(sealed.url) as source, pytest.raises(Unreachable):
            collect(source)
    finally:
        sealed.stop()


def test_it_keeps_the_contract(plant):
    def make(url=plant.url):
        return PLUGIN.create(OpcuaSettings(url, (_ALL,), timeout_seconds=20.0))

    check_collector(make, dead=lambda: make(f"opc.tcp://127.0.0.1:{free_port()}"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://h"},
        {"url": "opc.tcp://me:pw@h"},
        {"url": "opc.tcp://169.254.169.254"},
        {"nodes": ()},
        {"nodes": (NodeSettings("nonsense", "a", "b"),)},
        {"nodes": (NodeSettings("ns=2;s=x", "a", "b", depth=1),)},
        {"protection": Protection.SIGN},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong):
    with pytest.raises(ConfigError) as raised:
        PLUGIN.create(OpcuaSettings(**{"url": "opc.tcp://h", "nodes": (_ALL,), **wrong}))
    assert "pw" not in str(raised.value)
