"""Which asset a data point belongs to, and which of its attributes stay labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.domain.asset import Asset
from aiops.domain.identity import Identity, IdentityKind, identify, identify_host
from aiops.domain.metric import Direction, Limit

# Source: OpenTelemetry semantic conventions, system and hardware metrics.
_OF_HOST: Final = ("system.", "hw.")
_FILESYSTEM: Final = "system.filesystem."
_MOUNTPOINTS: Final = ("system.filesystem.mountpoint", "mountpoint")
_NOT_OF_VOLUME: Final = frozenset(
    {
        *_MOUNTPOINTS,
        "device", "type", "mode", "system.device", "system.filesystem.type",
        "system.filesystem.mode",
    }
)  # fmt: skip
_STATES: Final = ("state", "system.filesystem.state")
_LISTS: Final = {"host.ip": IdentityKind.ADDRESS, "host.mac": IdentityKind.MAC}
_MAX_TEXT: Final = 1 << 10
_MAX_LABELS: Final = 64


@dataclass(frozen=True, slots=True)
class Resource:
    """Who measured.

    Attributes:
        asset: Asset of everything that is no host metric.
        labels: What tells instances of the same service apart.
        identities: By what the host is known to other sources too.
    """

    host: str
    asset: Asset
    labels: Mapping[str, str]
    identities: tuple[Identity, ...] = ()


def read_attributes(attributes: Iterable[Any]) -> dict[str, str] | None:
    """Returns attributes as text; None when one cannot be a label."""
    found: dict[str, str] = {}
    for attribute in attributes:
        match attribute.value.WhichOneof("value"):
            case "string_value":
                value = attribute.value.string_value
            case "bool_value":
                value = "true" if attribute.value.bool_value else "false"
            case "int_value":
                value = str(attribute.value.int_value)
            case "double_value":
                value = f"{attribute.value.double_value:g}"
            case None:
                continue
            case _:
                return None
        key = attribute.key
        if not key or len(key) > _MAX_TEXT or len(value) > _MAX_TEXT or "\x00" in key + value:
            return None
        found[key] = value
    return found if len(found) <= _MAX_LABELS else None


def read_resource(attributes: Iterable[Any]) -> dict[str, str]:
    """Returns a resource's attributes as text; lists, such as of addresses, joined by commas.

    One that cannot be text costs no other: SDKs tell much more than who measured.
    """
    found: dict[str, str] = {}
    for attribute in attributes:
        if attribute.value.WhichOneof("value") == "array_value":
            texts = [each.string_value for each in attribute.value.array_value.values]
            if attribute.key in _LISTS:
                found[attribute.key] = ",".join(text for text in texts if text)
            continue
        found |= read_attributes((attribute,)) or {}
    return found


def identify_resource(host: str, attributes: Mapping[str, str]) -> tuple[Identity, ...]:
    """Returns by what a host is known.

    Source: OpenTelemetry semantic conventions, host resource attributes.
    """
    if not host:
        return ()
    found = [*identify_host(host, attributes.get("host.id", ""))]
    found += identify(host, IdentityKind.NAME, attributes.get("host.name", ""))
    for name, kind in _LISTS.items():
        for value in attributes.get(name, "").split(","):
            found += identify(host, kind, value)
    return tuple(found)


def place_resource(attributes: Mapping[str, str], source: str, first: str) -> Resource:
    """Returns where data of a resource belongs."""
    host = attributes.get("host.name", "")
    service = attributes.get("service.name", "")
    if service.startswith("unknown_service"):  # what SDKs say when nobody named it
        service = ""
    stated = attributes.get(first, "") if first else ""
    if stated:
        own = host or stated
        return Resource(own, Asset(stated), {}, identify_resource(own, attributes))
    if service:
        told = "host.name" if host else "service.instance.id"
        labels = {told: attributes[told]} if attributes.get(told) else {}
        depends_on = (host,) if host else ()
        asset = Asset(service, "service", depends_on=depends_on)
        return Resource(host, asset, labels, identify_resource(host, attributes))
    if host:
        return Resource(host, Asset(host), {}, identify_resource(host, attributes))
    return Resource("", Asset(f"{source}/unmapped", "unmapped", f"{source}: no asset named"), {})


def place_point(
    resource: Resource, metric: str, attributes: Mapping[str, str]
) -> tuple[tuple[Asset, ...], dict[str, str], Limit | None]:
    """Returns the assets (the point's own last), its labels and the limit that comes with it."""
    if not (resource.host and metric.startswith(_OF_HOST)):
        assets: tuple[Asset, ...] = (resource.asset,)
        if resource.host and resource.host != resource.asset.key:
            assets = (Asset(resource.host), resource.asset)
        return assets, {**resource.labels, **attributes}, None
    host = Asset(resource.host)
    mountpoint = next((attributes[name] for name in _MOUNTPOINTS if attributes.get(name)), "")
    if not (metric.startswith(_FILESYSTEM) and mountpoint):
        return (host,), dict(attributes), None
    key = f"{host.key}/volume:{mountpoint}"
    volume = Asset(key, "volume", f"{host.key} {mountpoint}", parent=host.key)
    labels = {name: value for name, value in attributes.items() if name not in _NOT_OF_VOLUME}
    whole = metric == "system.filesystem.utilization" and not any(s in labels for s in _STATES)
    return (host, volume), labels, Limit(metric, Direction.UP, 1.0, 0.9, key) if whole else None
