"""Ports for servers that have to be told theirs."""

import random
import socket
from contextlib import suppress

# Below those that Linux gives to outgoing connections and to whoever asks for any (from 32,768
# on), so that nobody is given one between its choice here and the start of its server; and
# Zabbix takes none above.
_PORTS = range(20_000, 32_768)
_choice = random.SystemRandom()  # two processes of tests draw different ones, whatever is seeded
_given: set[int] = set()


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Returns a port of loopback that nobody listens on, and never the same one twice."""
    while True:
        port = _choice.choice(_PORTS)
        with suppress(OSError), socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
