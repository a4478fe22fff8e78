"""What an agent is told that pushes by gRPC, before and after a receiver sees its message."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

from aiops.api.access import new_agent_token
from aiops.api.calls import CallServer
from aiops.contracts.errors import AiopsError, Refused, StoreError, Unavailable
from aiops.contracts.receiver import PushAnswer
from aiops.domain.access import Role
from aiops.testing.receiver import Recorder
from collectors.otlp import PLUGIN
from tests.contract.api.world import make_world
from tests.contract.collect.pushes import NOW_NS, gauge_request, metrics

_EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


@pytest.fixture
def world():
    behind = make_world()
    secret, credential = new_agent_token("a", "site-a", behind.time, timedelta(hours=1))
    behind.ledger.put_credential(credential)
    receiver, sink = PLUGIN.create(PLUGIN.settings()), Recorder()
    behind.push = lambda _kind, _agent, push: receiver.receive(push, sink)
    server = CallServer(behind, "127.0.0.1", 0, None)
    server.start()
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", options=options) as channel:

        def call(body, told=f"Bearer {secret}", path=_EXPORT, compression=None):
            send = channel.unary_unary(path, lambda b: b, lambda b: b)
            metadata = [("authorization", told)] if told else []
            return send(body, metadata=metadata, compression=compression, timeout=60)

        yield behind, call, sink, server
    server.stop()


def refusal(call, body=b"", **more):
    with pytest.raises(grpc.RpcError) as raised:
        call(body, **more)
    return raised.value


def delay(error):
    """Seconds that the answer asks to wait, None when it does not."""
    told = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    if told is None:
        return None
    retry = RetryInfo()
    assert Status.FromString(told).details[0].Unpack(retry)
    return retry.retry_delay.seconds


@pytest.mark.parametrize("told", ["", "Bearer", "Bearer aiops_x", "Basic YTpi", "Digest x"])
def test_without_a_token_of_an_agent_nothing_is_taken(world, told):  # O11
    _, call, sink, _ = world
    assert refusal(call, told=told).code() is grpc.StatusCode.UNAUTHENTICATED
    assert sink.batches == []


def test_a_token_that_belongs_to_no_source_may_not_push(world):  # O11
    behind, call, _, _ = world
    for role in (Role.VIEWER, Role.ADMIN):
        error = refusal(call, told=f"Bearer {behind.token(role)}")
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED


def test_good_points_are_stored_and_bad_ones_are_counted(world):  # O3, O4
    _, call, sink, _ = world
    request = gauge_request("queue", 3.0)
    request.resource_metrics[0].scope_metrics[0].metrics.append(metrics.Metric(name="bad"))
    bad = request.resource_metrics[0].scope_metrics[0].metrics[1]
    bad.gauge.data_points.add(time_unix_nano=NOW_NS, as_double=float("nan"))
    for compression in (None, grpc.Compression.Gzip):
        body = call(request.SerializeToString(), compression=compression)
        answer = service.ExportMetricsServiceResponse.FromString(body)
        assert answer.partial_success.rejected_data_points == 1
    assert [batch.values.tolist() for batch in sink.batches] == [[3.0], [3.0]]
    assert service.ExportMetricsServiceResponse.FromString(call(b"")).ByteSize() == 0


@pytest.mark.parametrize("body", [b"\xff" * 40, b"\x0a\xff\xff", b'{"resourceMetrics":[]}'])
def test_what_is_no_request_is_the_senders_fault(world, body):  # O1
    _, call, _, _ = world
    assert refusal(call, body).code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_a_message_beyond_four_mebibytes_is_refused_and_the_next_is_taken(world, compression):
    _, call, sink, _ = world  # O10
    error = refusal(call, b"\0" * (64 << 20), compression=compression)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    call(gauge_request("queue", 1.0).SerializeToString())
    assert len(sink.batches) == 1


def test_traces_are_not_taken(world):  # O9
    _, call, _, _ = world
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    assert refusal(call, path=path).code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("error", "code", "wait"),
    [
        (Unavailable("the store is down", 7.0), grpc.StatusCode.UNAVAILABLE, 7),
        (Unavailable("starting"), grpc.StatusCode.UNAVAILABLE, 5),
        (StoreError("the disk is full"), grpc.StatusCode.UNAVAILABLE, 5),
        (Refused("configured otherwise"), grpc.StatusCode.PERMISSION_DENIED, None),
    ],
)
def test_what_is_not_durable_is_to_be_sent_again_and_what_is_refused_is_not(
    world, error, code, wait
):  # O5
    behind, call, _, _ = world

    def fail(*_):
        raise error

    behind.push = fail
    found = refusal(call)
    assert (found.code(), delay(found)) == (code, wait)


def test_beyond_the_quota_the_agent_is_told_how_long_to_wait(world):  # O5
    behind, call, _, _ = world
    behind.push = lambda *_: PushAnswer(429, b"series_limit", headers={"Retry-After": "60"})
    error = refusal(call)
    assert (error.code(), delay(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 60)


def _certificate(folder, name):
    """Writes a certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = folder / f"{name}.pem", folder / f"{name}.key"
    pair[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pair[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pair


def test_with_an_authority_for_clients_only_those_who_have_its_certificate_are_heard(tmp_path):
    behind = make_world()
    ours, theirs = _certificate(tmp_path, "ours"), _certificate(tmp_path, "theirs")
    tls = str(ours[0]), str(ours[1])
    server = CallServer(behind, "127.0.0.1", 0, tls, str(theirs[0]))
    server.start()
    root, key, chain = ours[0].read_bytes(), theirs[1].read_bytes(), theirs[0].read_bytes()
    for credentials, code in (
        (grpc.ssl_channel_credentials(root, key, chain), grpc.StatusCode.UNAUTHENTICATED),
        (grpc.ssl_channel_credentials(root), grpc.StatusCode.UNAVAILABLE),
    ):
        with grpc.secure_channel(f"localhost:{server.port}", credentials) as channel:
            send = channel.unary_unary(_EXPORT, lambda b: b, lambda b: b)
            with pytest.raises(grpc.RpcError) as raised:
                send(b"", timeout=60)
            assert raised.value.code() is code  # with a certificate a token is still asked for
    server.stop()


def test_a_port_that_is_taken_is_told(world):
    behind, _, _, server = world
    with pytest.raises(AiopsError, match=r"server\.grpc_port"):
        CallServer(behind, "127.0.0.1", server.port, None)
