"""Whether two sources see the same thing: one strong identifier, or a name and an address.

An identifier that one source gives to two things names none. Two that a thing has only one of
(serial number, instance …) and that differ speak against it, whatever else is equal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiops.domain.identity import SINGULAR, STRONG, Identity, IdentityKind, Sighting

Place = tuple[str, str]
"""A source and the key it uses itself."""


@dataclass(frozen=True, slots=True)
class Match:
    """The sighting it was known by, and by what."""

    sighting: Sighting
    because: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """Every sighting, by source, by identifier and by place."""

    by_source: dict[str, dict[str, Sighting]] = field(default_factory=dict)
    _places: dict[tuple[IdentityKind, str], set[Place]] = field(default_factory=dict)

    def all(self) -> Iterable[Sighting]:
        """Yields every sighting."""
        return (each for mine in self.by_source.values() for each in mine.values())

    def of(self, source: str) -> dict[str, Sighting]:
        """Returns the sightings of a source by its own keys."""
        return self.by_source.setdefault(source, {})

    def put(self, sighting: Sighting) -> None:
        """Inserts or replaces by source and key."""
        mine, place = self.of(sighting.source), (sighting.source, sighting.seen)
        old = mine.get(sighting.seen)
        for identity in old.identities if old else ():
            self._places[identity.kind, identity.value].discard(place)
        for identity in sighting.identities:
            self._places.setdefault((identity.kind, identity.value), set()).add(place)
        mine[sighting.seen] = sighting

    def sharing(self, identity: Identity) -> frozenset[Place]:
        """Returns who else has the identifier; nobody where it names nothing."""
        places = self._places.get((identity.kind, identity.value), set())
        told_apart = len({source for source, _ in places}) == len(places)
        return frozenset(places) if told_apart else frozenset()

    def counting_for(self, asset: str) -> list[Sighting]:
        """Returns what counts for one asset."""
        return [each for each in self.all() if each.asset == asset]


def find_match(sighting: Sighting, known: Known, may_join: Callable[[str], bool]) -> Match | None:
    """Returns the oldest sighting of another source that sees the same thing, None if none does.

    Args:
        may_join: Whether it may count for an asset of that key at all.
    """
    places = {place for each in sighting.identities for place in known.sharing(each)}
    found = (known.of(source)[seen] for source, seen in places if source != sighting.source)
    for other in sorted(found, key=lambda each: (each.first_at, each.source)):
        if other.pushed and not sighting.pushed:
            continue  # what an agent claims to be draws nothing in that we read ourselves
        because = agreement(sighting, other, known)
        if because and _may_be_one(sighting, other.asset, known) and may_join(other.asset):
            return Match(other, because)
    return None


def agreement(one: Sighting, other: Sighting, known: Known) -> tuple[str, ...]:
    """Returns what is enough to take the two for one thing, in words; empty when nothing is."""
    if one.owner and other.owner and one.owner != other.owner:
        return ()
    place = (other.source, other.seen)
    shared = [each for each in one.identities if place in known.sharing(each)]
    strong = tuple(sorted(each.words for each in shared if each.kind in STRONG))
    if strong:
        return strong
    if one.site and other.site and one.site != other.site:
        return ()  # private addresses and plain names come again at every site
    names = _common_names(one, other)
    addresses = [
        each.words for each in shared if each.kind in {IdentityKind.ADDRESS, IdentityKind.LOCAL_MAC}
    ]
    return (*names[:1], *sorted(addresses)) if names and addresses else ()


def contradicts(one: Sighting, other: Sighting) -> bool:
    """Whether both have an identifier of a kind that a thing has only one of, and they differ."""
    for kind in SINGULAR:
        mine = {each.value for each in one.identities if each.kind is kind}
        theirs = {each.value for each in other.identities if each.kind is kind}
        if mine and theirs and mine.isdisjoint(theirs):
            return True
    return False


def _may_be_one(sighting: Sighting, asset: str, known: Known) -> bool:
    """Whether nothing speaks against it: a person, another identifier, or the source itself."""
    if asset in sighting.apart or asset == sighting.asset:
        return False
    for each in known.counting_for(asset):
        # A source tells its own things apart: what one of them is, another of them is not.
        if each.source == sighting.source or contradicts(sighting, each):
            return False
        if sighting.asset in each.apart:
            return False
    return True


def _common_names(one: Sighting, other: Sighting) -> list[str]:
    """A short name is the first part of a full one; two full ones must be equal."""
    mine = {each.value for each in one.identities if each.kind is IdentityKind.NAME}
    theirs = {each.value for each in other.identities if each.kind is IdentityKind.NAME}
    found = mine & theirs
    for short, full in ((mine, theirs), (theirs, mine)):
        bare = {name for name in short if "." not in name}
        found |= {name for name in bare if any(n.partition(".")[0] == name for n in full)}
    return sorted(f"{IdentityKind.NAME.value} {name}" for name in found)
