"""By what sources tell a thing is known."""

from opentelemetry.proto.common.v1 import common_pb2 as common

from aiops.domain.identity import IdentityKind
from collectors.host.identity import identify_this_host
from collectors.kubernetes.objects import identify_node
from collectors.otlp.places import place_resource, read_resource


def test_a_node_of_a_cluster_is_known_by_machine_instance_and_address():
    node = {
        "metadata": {"name": "n1", "uid": "0b1c2d3e-1111-2222-3333-444455556666"},
        "spec": {"providerID": "aws:///eu-central-1a/i-0123456789abcdef0"},
        "status": {
            "nodeInfo": {
                "machineID": "ec2a1b2c3d4e5f60718293a4b5c6d7e8",
                "systemUUID": "ec2a1b2c-3d4e-5f60-7182-93a4b5c6d7e8",
            },
            "addresses": [
                {"type": "InternalIP", "address": "10.0.0.7"},
                {"type": "Hostname", "address": "ip-10-0-0-7.eu-central-1.compute.internal"},
            ],
        },
    }
    found = {(each.kind, each.value) for each in identify_node(node)}
    assert (IdentityKind.INSTANCE_ID, "i-0123456789abcdef0") in found
    assert (IdentityKind.MACHINE_ID, "ec2a1b2c3d4e5f60718293a4b5c6d7e8") in found
    assert (IdentityKind.ADDRESS, "10.0.0.7") in found
    assert {each.kind for each in identify_node({"metadata": {"name": "n1"}})} == set()


def attribute(key, *values):
    if len(values) == 1:
        return common.KeyValue(key=key, value=common.AnyValue(string_value=values[0]))
    several = [common.AnyValue(string_value=value) for value in values]
    array = common.ArrayValue(values=several)
    return common.KeyValue(key=key, value=common.AnyValue(array_value=array))


def test_a_resource_with_lists_still_says_who_measured():
    told = read_resource(
        [
            attribute("host.name", "db-07"),
            attribute("host.id", "i-0123456789abcdef0"),
            attribute("host.ip", "10.0.0.7", "127.0.0.1"),
            attribute("host.mac", "00-1B-21-AA-BB-01", "02-42-AC-11-00-01"),
            attribute("process.command_args", "java", "-jar", "shop.jar"),
        ]
    )
    resource = place_resource(told, "agent", "")
    assert resource.asset.key == "db-07"
    assert {(each.kind, each.value) for each in resource.identities} == {
        (IdentityKind.INSTANCE_ID, "i-0123456789abcdef0"),
        (IdentityKind.NAME, "db-07"),
        (IdentityKind.ADDRESS, "10.0.0.7"),
        (IdentityKind.MAC, "001b21aabb01"),
    }


def test_this_host_is_known_under_the_key_it_is_given():
    assert {each.asset for each in identify_this_host("me")} <= {"me"}
