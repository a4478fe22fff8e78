"""Which addresses are never read, whatever the protocol."""

from ipaddress import ip_address


def is_blocked(host: str) -> bool:
    """Whether a host is a link-local address: cloud metadata services live there.

    >>> is_blocked("169.254.169.254"), is_blocked("fe80::1%eth0"), is_blocked("plc-1")
    (True, True, False)
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_link_local or (mapped is not None and mapped.is_link_local)
