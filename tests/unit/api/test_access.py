from datetime import UTC, datetime, timedelta

import pytest

from aiops.api.access import (
    Permission,
    check,
    csrf_of,
    digest_of,
    may,
    new_link,
    new_session,
    new_token,
    touch,
)
from aiops.domain.access import Role
from aiops.domain.asset import Viewer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VIEWER = Viewer("ada", teams=frozenset({"dba"}))


def test_a_stored_credential_does_not_hold_its_secret():
    secret, credential = new_token("ci", Role.VIEWER, VIEWER, NOW, timedelta(days=1))
    assert secret.startswith("aiops_")
    assert len(secret) >= 43  # 256 bit in base64
    assert secret not in repr(credential)
    assert credential.digest == digest_of(secret)


def test_two_tokens_differ():
    first, _ = new_token("a", Role.VIEWER, VIEWER, NOW, timedelta(days=1))
    second, _ = new_token("a", Role.VIEWER, VIEWER, NOW, timedelta(days=1))
    assert first != second


def test_a_token_ends_at_its_expiry():
    _, credential = new_token("ci", Role.VIEWER, VIEWER, NOW, timedelta(hours=1))
    assert check(credential, "token", NOW + timedelta(minutes=59)) is credential
    assert check(credential, "token", NOW + timedelta(hours=1)) is None


def test_a_sign_in_link_is_no_token_and_no_session():
    _, link = new_link("ada", Role.ADMIN, VIEWER, NOW)
    assert check(link, "link", NOW) is link
    assert check(link, "token", NOW) is None
    assert check(link, "session", NOW) is None


def test_a_sign_in_link_lives_ten_minutes():
    _, link = new_link("ada", Role.ADMIN, VIEWER, NOW)
    assert check(link, "link", NOW + timedelta(minutes=9, seconds=59)) is link
    assert check(link, "link", NOW + timedelta(minutes=10)) is None


def test_a_session_ends_after_half_an_hour_without_use():
    _, link = new_link("ada", Role.OPERATOR, VIEWER, NOW)
    _, session = new_session(link, NOW)
    assert (session.role, session.viewer) == (Role.OPERATOR, VIEWER)
    later = NOW + timedelta(minutes=29)
    assert check(session, "session", later) is session
    used = touch(session, later)
    assert used is not None
    assert check(used, "session", later + timedelta(minutes=29)) is used
    assert check(used, "session", later + timedelta(minutes=30)) is None


def test_a_session_in_use_ends_after_twelve_hours():
    _, link = new_link("ada", Role.OPERATOR, VIEWER, NOW)
    _, session = new_session(link, NOW)
    at = NOW
    while at < NOW + timedelta(hours=11, minutes=50):
        at += timedelta(minutes=10)
        session = touch(session, at) or session
    assert check(session, "session", NOW + timedelta(hours=11, minutes=59)) is session
    assert check(session, "session", NOW + timedelta(hours=12)) is None


def test_a_use_is_not_noted_more_than_once_a_minute():
    _, credential = new_token("ci", Role.VIEWER, VIEWER, NOW, timedelta(days=1))
    used = touch(credential, NOW)
    assert used is not None
    assert touch(used, NOW + timedelta(seconds=59)) is None
    assert touch(used, NOW + timedelta(seconds=60)) is not None


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {Permission.READ}),
        (Role.OPERATOR, {Permission.READ, Permission.ACT}),
        (Role.APPROVER, {Permission.READ, Permission.ACT, Permission.APPROVE}),
        (Role.ADMIN, set(Permission)),
        (Role.AGENT, {Permission.INGEST}),
        (Role.INTEGRATION, set()),
    ],
)
def test_each_role_may_do_just_this(role, allowed):
    assert {p for p in Permission if may(role, p)} == allowed | {Permission.OPEN}


def test_the_csrf_token_of_a_session_is_not_its_digest():
    assert csrf_of("secret") != digest_of("secret")
