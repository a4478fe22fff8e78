"""What Azure knows of the resources themselves: names, places, tags, sizes.

Source: Azure Resource Graph, REST API 2022-10-01, table ``Resources``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from aiops.domain.identity import Identity, IdentityKind, identify

_ROWS: Final = 1_000
_PAGES: Final = 50


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Attributes:
        properties: As its own reference has them.
    """

    id: str
    name: str = ""
    region: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    def number(self, path: str) -> float | None:
        """Returns a number of the properties by its dotted path, None where there is none."""
        told: Any = self.properties
        for part in path.split("."):
            told = told.get(part) if isinstance(told, Mapping) else None
        usable = isinstance(told, int | float) and not isinstance(told, bool)
        return float(told) if usable and told is not None and told > 0 else None


def find(
    client: Any, subscriptions: Sequence[str], region: str, namespaces: Sequence[str]
) -> dict[str, Resource]:
    """Returns the resources of some types in a region, by id in small letters."""
    found: dict[str, Resource] = {}
    mark: str | None = None
    for _ in range(_PAGES):
        options = QueryRequestOptions(top=_ROWS, skip_token=mark)
        asked = QueryRequest(
            subscriptions=list(subscriptions),
            query=_query(region, namespaces),
            options=options,
        )
        answer = client.resources(asked)
        for told in _objects(answer.data):
            one = _read(told)
            if one is not None:
                found[one.id.lower()] = one
        mark = answer.skip_token
        if not mark:
            break
    return found


def identify_resource(asset: str, resource: Resource) -> Iterator[Identity]:
    """Yields by what a machine is known to other sources: ``vmId`` is its SMBIOS UUID.

    Source: Azure Resource Manager, Microsoft.Compute/virtualMachines.
    """
    told = resource.properties.get("vmId")
    if isinstance(told, str):
        yield from identify(asset, IdentityKind.UUID, told)
    host = resource.properties.get("osProfile")
    name = host.get("computerName") if isinstance(host, Mapping) else None
    if isinstance(name, str):
        yield from identify(asset, IdentityKind.NAME, name)


def _query(region: str, namespaces: Sequence[str]) -> str:
    # Both come from the configuration file; a quote would end the text.
    types = ", ".join(f"'{one.lower()}'" for one in namespaces if "'" not in one)
    return (
        f"Resources | where location == '{region}' | where type in~ ({types}) "
        "| project id, name, type, location, tags, properties | order by id asc"
    )


def _read(told: Mapping[str, Any]) -> Resource | None:
    if not isinstance(told.get("id"), str):
        return None
    tags, properties = told.get("tags"), told.get("properties")
    texts = {str(k): str(v) for k, v in tags.items()} if isinstance(tags, Mapping) else {}
    return Resource(
        told["id"],
        str(told.get("name") or ""),
        str(told.get("location") or ""),
        texts,
        properties if isinstance(properties, Mapping) else {},
    )


def _objects(told: Any) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
