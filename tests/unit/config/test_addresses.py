"""However an address of a metadata service is spelled, it is refused."""

import pytest

from aiops.config.addresses import check_database_url, check_url, is_loopback
from aiops.config.values import Wrong
from aiops.domain.address import is_metadata


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "169.254.43518",
        "0xA9.0xFE.0xA9.0xFE",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "2852039166",
        "169.254.169.254.",
        "%31%36%39.254.169.254",
        "１６９.254.169.254",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "2002:a9fe:a9fe::",
        "100.100.100.200",
        "168.63.129.16",
        "METADATA.google.internal",
        "metadata.goog",
    ],
)
def test_a_metadata_address_is_recognised(host):
    assert is_metadata(host)


@pytest.mark.parametrize("host", ["10.0.0.7", "127.0.0.1", "192.168.1.1", "db", "fd00::1", ""])
def test_a_private_address_is_none(host):
    assert not is_metadata(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/",
        "https://[::1]:8086",
        "mqtts://broker:8883",
        "http://h/a@b",
    ],
)
def test_an_ordinary_address_is_accepted(url):
    check_url(url)


@pytest.mark.parametrize(
    "url", ["h", "/path", "http://", "gopher://h/", "http://u@h/", "http://[::1", "javascript:x"]
)
def test_another_address_is_refused(url):
    with pytest.raises(Wrong):
        check_url(url)


@pytest.mark.parametrize("url", ["sqlite:////var/a.db", "postgresql+psycopg://aiops@db/aiops"])
def test_a_database_address_without_password_is_accepted(url):
    check_database_url(url)


@pytest.mark.parametrize(
    "url", ["mysql://h/x", "postgresql://u:hunter2@h/x", "postgresql://h/x?password=hunter2", "x"]
)
def test_a_database_address_is_refused_without_telling_the_password(url):
    with pytest.raises(Wrong) as refused:
        check_database_url(url)
    assert "hunter2" not in str(refused.value)


def test_only_this_machine_is_loopback():
    assert [is_loopback(h) for h in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_loopback(h) for h in ("0.0.0.0", "::", "10.0.0.1", "", "h")] == [False] * 5
