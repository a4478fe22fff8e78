"""Where an incident started: order, topology, strength, changes, in words of both languages."""

from datetime import UTC, datetime, timedelta

from aiops.domain.asset import Asset
from aiops.domain.incident import Member, MemberSource
from aiops.domain.series import SeriesKey
from aiops.incident.nearness import Nearness
from aiops.incident.probable import Context, Touched, rank_causes

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SHOP = {
    a.key: a
    for a in (
        Asset("db"),
        Asset("shop", depends_on=("db",)),
        Asset("pay", depends_on=("db",)),
        Asset("mail", depends_on=("db",)),
    )
}
RACK = {a.key: a for a in (Asset("rack"), *(Asset(f"h{i}", parent="rack") for i in range(4)))}


def member(asset, minute=0, strength=6.0, metric="latency"):
    at = NOW + timedelta(minutes=minute)
    return Member(SeriesKey.of(asset, metric), MemberSource.ANOMALY, at, strength=strength)


def context(assets, **known):
    return Context(Nearness.of(assets), **known)


def test_what_the_others_need_and_began_first_is_the_cause():
    members = [member("db"), member("shop", 1), member("pay", 1), member("mail", 2)]
    best, *_ = causes = rank_causes(members, context(SHOP))
    assert best.asset == "db"
    assert best.reason["en"] == (
        "unusual: latency; began as number 1 of 4; 3 that need it are affected (mail, pay, shop)"
    )
    assert "依赖它的 3 个受影响" in best.reason["zh"]
    assert abs(sum(cause.share for cause in causes) - 1) < 1e-9


def test_a_silent_rack_whose_hosts_all_fail_is_the_cause():
    members = [member(f"h{i}") for i in range(4)]
    best, *_ = rank_causes(members, context(RACK))
    assert best.asset == "rack"
    assert "silent itself" in best.reason["en"]


def test_half_of_the_hosts_of_a_rack_do_not_make_the_rack_the_cause():
    best, *_ = rank_causes([member("h0"), member("h1", 1)], context(RACK))
    assert best.asset == "h0"


def test_an_asset_changed_shortly_before_is_more_suspect_and_says_so():
    members = [member("shop"), member("pay")]
    before = {c.asset: c.share for c in rank_causes(members, context(SHOP))}
    change = Touched("pay", NOW - timedelta(hours=3), "change", "version 7")
    after = {c.asset: c for c in rank_causes(members, context(SHOP, touched=[change]))}
    assert after["pay"].share > before["pay"]
    assert "change (version 7) 3 h before" in after["pay"].reason["en"]
    assert (
        "变更（version 7）" in after["pay"].reason["zh"]
        or "变更 (version 7)" in (after["pay"].reason["zh"])
    )
    late = Touched("pay", NOW + timedelta(hours=1), "change", "version 8")
    same = {c.asset: c.share for c in rank_causes(members, context(SHOP, touched=[late]))}
    assert same == before


def test_assets_that_nobody_has_told_of_have_causes_too():
    best, *_ = rank_causes([member("x"), member("y", 3, 5.0)], context({}))
    assert best.asset == "x"


def test_an_incident_without_members_has_no_cause():
    assert rank_causes([], context(SHOP)) == ()
