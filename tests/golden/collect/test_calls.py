"""Floods of calls at the gRPC door, over a real socket."""

import socket
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import grpc
import pytest

from aiops.api.access import new_agent_token
from aiops.api.calls import CallServer
from aiops.testing.receiver import Recorder
from collectors.otlp import PLUGIN
from tests.contract.api.world import make_world
from tests.contract.collect.pushes import gauge_request

_EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_BODY = gauge_request("queue", 1.0).SerializeToString()
_STREAMS, _CONNECTIONS = 10_000, 100


@pytest.fixture
def door():
    """A server whose work waits for ``go``, what it stored, and a way to call it."""
    behind = make_world()
    secret, credential = new_agent_token("a", "site-a", behind.time, timedelta(hours=1))
    behind.ledger.put_credential(credential)
    receiver, sink, go = PLUGIN.create(PLUGIN.settings()), Recorder(), threading.Event()

    def push(_kind, _agent, told):
        go.wait(60)
        return receiver.receive(told, sink)

    behind.push = push
    server = CallServer(behind, "127.0.0.1", 0, None)
    server.start()

    def call(channel):
        send = channel.unary_unary(_EXPORT, lambda b: b, lambda b: b)
        return send.future(_BODY, metadata=[("authorization", f"Bearer {secret}")], timeout=60)

    def connect():
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.insecure_channel(f"127.0.0.1:{server.port}", options=options)

    yield server, sink, go, connect, call
    go.set()
    server.stop()


def outcome(call):
    if call.cancelled():
        return "reset"
    error = call.exception()
    return "stored" if error is None else error.code().name


def test_ten_thousand_streams_half_of_them_reset_leave_the_door_standing(door):  # O10
    _, sink, go, connect, call = door
    with ExitStack() as opened:
        channels = [opened.enter_context(connect()) for _ in range(_CONNECTIONS)]
        calls = []
        for number in range(_STREAMS):
            calls.append(call(channels[number % _CONNECTIONS]))
            if number % 2:
                calls[-1].cancel()  # RST_STREAM
        go.set()
        told = Counter(outcome(each) for each in calls)
        assert set(told) <= {"stored", "reset", "RESOURCE_EXHAUSTED"}
        assert told["RESOURCE_EXHAUSTED"] > 0
        assert told["stored"] <= len(sink.batches)
    with connect() as channel:
        before = len(sink.batches)
        call(channel).result()
        assert len(sink.batches) > before


def test_beyond_two_hundred_connections_the_next_are_closed(door):  # O10
    server, _, go, connect, call = door
    go.set()
    with ExitStack() as opened:
        made = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 60))
            for _ in range(300)
        ]
        answered = Counter(bool(each.recv(1)) for each in made)
    assert answered == {True: 200, False: 100}
    with connect() as channel:
        call(channel).result()
