"""One host seen by three sources is one asset, and what speaks against it keeps them apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aiops.collect.sights import Sights, split
from aiops.contracts.collector import Inventory
from aiops.contracts.errors import Refused
from aiops.domain.asset import SYSTEM, Asset, Edge
from aiops.domain.identity import IdentityKind, Link, identify, identify_host
from aiops.domain.metric import Direction, Limit
from aiops.domain.series import Batch, SeriesKey
from aiops.domain.step import MINUTE
from aiops.ledger.open import open_ledger

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MAC, NAME, ADDRESS = IdentityKind.MAC, IdentityKind.NAME, IdentityKind.ADDRESS
SERIAL = IdentityKind.SERIAL


@pytest.fixture
def ledger():
    opened = open_ledger("sqlite://", NOW)
    yield opened
    opened.close()


class World:
    """Sources that tell what they see, one after another."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.sights = Sights(ledger)
        self.sights.load()
        self.at = NOW

    def tell(self, source, key, *marks, parts=(), metric="cpu", may_join=None, **more):
        self.at += timedelta(seconds=1)
        assets = (Asset(key, **more), *(Asset(f"{key}/{p}", parent=key) for p in parts))
        known = tuple(each for kind, value in marks for each in identify(key, kind, value))
        inventory = Inventory(assets, identities=known)
        series = tuple(SeriesKey(asset.key, metric) for asset in assets)
        batch = Batch(
            series,
            np.arange(len(series), dtype=np.int32),
            np.zeros(len(series), np.int64),
            np.zeros(len(series)),
        )
        placed, joined = self.sights.place(source, batch, inventory, self.at, may_join)
        self.ledger.put_inventory(source, joined, self.at)
        self.ledger.catalogue.ids(placed.series, MINUTE)
        return [key.asset for key in placed.series]

    def seen_by(self, asset):
        return {each.source for each in self.ledger.sightings(asset)}


_DB = ((MAC, "00:1b:21:aa:bb:01"), (NAME, "db-07"), (ADDRESS, "10.0.0.7"))


def test_a_host_seen_by_three_sources_is_one_asset_under_its_first_key(ledger):
    world = World(ledger)
    instance = identify_host("", "i-0123456789abcdef0")[0]
    mark = (instance.kind, instance.value)
    assert world.tell("node", "db-07", (MAC, "00-1B-21-AA-BB-01"), mark) == ["db-07"]
    assert world.tell("snmp", "10.0.0.7", (MAC, "001b.21aa.bb01"), parts=["if:eth0"]) == [
        "db-07",
        "db-07/if:eth0",
    ]
    assert world.tell("cloudwatch", "i-0123456789abcdef0", mark) == ["db-07"]
    assert world.seen_by("db-07") == {"node", "snmp", "cloudwatch"}
    assert [asset.key for asset in ledger.assets(SYSTEM)] == ["db-07", "db-07/if:eth0"]


def test_the_last_to_come_brings_two_together_that_shared_nothing(ledger):
    world = World(ledger)
    a, b = (SERIAL, "CZ1234567"), (MAC, "00:1b:21:aa:bb:01")
    world.tell("redfish", "bmc-7", a)
    world.tell("snmp", "10.0.0.7", b)
    assert world.tell("node", "db-07", a, b) == ["bmc-7"]
    assert world.tell("snmp", "10.0.0.7", b) == ["bmc-7"]
    assert world.seen_by("bmc-7") == {"redfish", "snmp", "node"}


def test_the_key_stays_over_a_restart(ledger):
    first = World(ledger)
    first.tell("node", "db-07", *_DB)
    first.tell("snmp", "10.0.0.7", *_DB)
    second = World(ledger)
    assert second.tell("snmp", "10.0.0.7", *_DB) == ["db-07"], "though node has not been heard"
    assert second.tell("node", "db-07", *_DB) == ["db-07"]


def test_a_name_or_an_address_alone_is_not_enough_and_both_are(ledger):
    world = World(ledger)
    world.tell("node", "a", (NAME, "db-07.example.com"), (ADDRESS, "10.0.0.7"))
    assert world.tell("one", "b", (NAME, "db-07")) == ["b"]
    assert world.tell("two", "c", (ADDRESS, "10.0.0.7")) == ["c"]
    assert world.tell("three", "d", (NAME, "db-07.other.org"), (ADDRESS, "10.0.0.7")) == ["d"]
    assert world.tell("four", "e", (NAME, "db-07"), (ADDRESS, "10.0.0.7")) == ["a"]


def test_names_and_private_addresses_of_another_site_are_others(ledger):
    world = World(ledger)
    weak = ((NAME, "gw"), (ADDRESS, "192.168.1.1"))
    world.tell("berlin", "gw-b", *weak, site="berlin")
    assert world.tell("paris", "gw-p", *weak, site="paris") == ["gw-p"]


def test_what_two_teams_own_is_not_made_one(ledger):
    world = World(ledger)
    world.tell("node", "a", *_DB, owner="dba")
    assert world.tell("snmp", "b", *_DB, owner="net") == ["b"]


def test_two_serial_numbers_are_two_things_whatever_else_is_equal(ledger):
    world = World(ledger)
    world.tell("node", "a", (SERIAL, "CZ1234567"), *_DB)
    assert world.tell("snmp", "b", (SERIAL, "CZ7654321"), *_DB) == ["b"]


def test_what_one_source_gives_to_two_things_names_neither(ledger):
    world = World(ledger)
    shared = (MAC, "00:1b:21:aa:bb:01")
    inventory = Inventory(
        (Asset("a"), Asset("b")),
        identities=(*identify("a", *shared), *identify("b", *shared)),
    )
    world.sights.place("node", Batch.empty(), inventory, NOW)
    assert world.tell("snmp", "c", shared) == ["c"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SERIAL, "Default string"),
        (SERIAL, "0000000000"),
        (SERIAL, "1"),
        (MAC, "00:00:5e:00:01:0a"),
        (MAC, "ff:ff:ff:ff:ff:ff"),
        (MAC, "02:42:ac:11:00:01"),
        (MAC, "01:80:c2:00:00:0e"),
        (ADDRESS, "127.0.0.1"),
        (ADDRESS, "fe80::1%eth0"),
        (ADDRESS, "db-07"),
        (NAME, "localhost"),
        (NAME, "10.0.0.7"),
        (IdentityKind.UUID, "00000000-0000-0000-0000-000000000000"),
        (IdentityKind.UUID, "03000200-0400-0500-0006-000700080009"),
    ],
)
def test_what_everybody_has_names_nothing(kind, value):
    assert identify("a", kind, value) == ()


def test_a_uuid_is_the_same_in_either_order_of_bytes():
    told = "4c4c4544-0050-4b10-8052-b4c04f564432"
    other = "44454c4c-5000-104b-8052-b4c04f564432"
    assert identify("a", IdentityKind.UUID, told) == identify("a", IdentityKind.UUID, other.upper())


def test_an_agent_joins_only_what_its_token_owns(ledger):
    world = World(ledger)
    world.tell("node", "db-07", *_DB)
    assert world.tell("agent", "evil", *_DB, may_join=lambda _: False) == ["evil"]
    assert world.tell("mine", "own", *_DB, may_join=lambda key: key == "db-07") == ["db-07"]


def test_what_an_agent_claims_draws_nothing_in(ledger):
    world = World(ledger)
    world.tell("agent", "evil", *_DB, may_join=lambda _: False)
    assert world.tell("node", "db-07", *_DB) == ["db-07"]


def test_the_history_goes_along_and_comes_back(ledger):
    world = World(ledger)
    world.tell("snmp", "10.0.0.7", parts=["if:eth0"])
    world.tell("node", "db-07", *_DB)
    keys = {info.key for info in ledger.catalogue.all()}
    assert world.tell("snmp", "10.0.0.7", *_DB, parts=["if:eth0"])[1] == "db-07/if:eth0"
    moved = {info.key for info in ledger.catalogue.all()}
    own = (("source", "snmp"),)
    assert SeriesKey("db-07/if:eth0", "cpu", own) in moved
    assert [asset.key for asset in ledger.assets(SYSTEM)] == ["db-07", "db-07/if:eth0"]
    with ledger.begin() as tx:
        tx.put_sightings(split(ledger.sightings(), "db-07", "snmp"))
        tx.put_note("sightings", {"edition": 1})
    world.sights.refresh()
    assert {info.key for info in ledger.catalogue.all()} == keys
    assert world.tell("snmp", "10.0.0.7", *_DB, parts=["if:eth0"])[0] == "10.0.0.7"
    assert World(ledger).tell("snmp", "10.0.0.7", *_DB)[0] == "10.0.0.7", "remembered"


def test_two_sources_that_use_one_key_can_be_taken_apart(ledger):
    world = World(ledger)
    world.tell("node", "router")
    world.tell("snmp", "router")
    with ledger.begin() as tx:
        tx.put_sightings(split(ledger.sightings(), "router", "snmp"))
        tx.put_note("sightings", {"edition": 1})
    world.sights.refresh()
    assert world.tell("snmp", "router", parts=["if:0"]) == ["router@snmp", "router@snmp/if:0"]
    assert world.tell("node", "router") == ["router"]


def test_who_named_an_asset_cannot_be_split_from_it(ledger):
    world = World(ledger)
    world.tell("node", "db-07", *_DB)
    world.tell("snmp", "10.0.0.7", *_DB)
    with pytest.raises(Refused, match="has its key from node"):
        split(ledger.sightings(), "db-07", "node")
    with pytest.raises(Refused, match="seen by node, snmp"):
        split(ledger.sightings(), "db-07", "zabbix")


def test_a_limit_of_another_source_is_not_overwritten(ledger):
    world = World(ledger)
    limit = Limit("cpu", Direction.UP, 1.0, 0.9, "db-07")
    known = tuple(each for kind, value in _DB for each in identify("db-07", kind, value))
    first = Inventory((Asset("db-07"),), (), (limit,), identities=known)
    world.sights.place("node", Batch.empty(), first, NOW)
    theirs = replace(limit, asset="b", fail=0.5)
    second = Inventory(
        (Asset("b"),),
        (),
        (theirs, replace(theirs, metric="mem")),
        identities=tuple(replace(each, asset="b") for each in known),
    )
    _, joined = world.sights.place("snmp", Batch.empty(), second, NOW)
    assert [(each.asset, each.metric) for each in joined.limits] == [("db-07", "mem")]


def test_a_neighbour_known_by_its_address_is_an_edge_once_it_is_known(ledger):
    world = World(ledger)
    link = Link("db-07", IdentityKind.MAC, "001b21000001")
    told = Inventory((Asset("db-07"),), links=(link,))
    _, joined = world.sights.place("snmp", Batch.empty(), told, NOW)
    assert joined.edges == ()
    world.tell("switches", "core-1", (MAC, "00:1b:21:00:00:01"))
    _, joined = world.sights.place("snmp", Batch.empty(), told, NOW)
    assert joined.edges == (Edge("db-07", "core-1"),)
    again = world.sights.place("snmp", Batch.empty(), told, NOW)[1]
    assert again is joined
