"""All problems of one file, each with its place."""

from dataclasses import dataclass, field

from aiops.contracts.errors import ConfigError

Place = tuple[int, int] | None


@dataclass(slots=True)
class Problems:
    """Gathers problems; a problem met twice through an alias is told once.

    Attributes:
        name: The file, as written in front of each line.
        found: Line of text to its place.
        keys: Keys that have a problem.
    """

    name: str
    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def add(self, place: Place, key: str, text: str) -> None:
        """Adds one line ``file:line:col: key: what, expected what``."""
        where = self.name if place is None else f"{self.name}:{place[0]}:{place[1]}"
        self.keys.add(key)
        line = ": ".join(part for part in (where, key, text) if part)
        self.found.setdefault(line, place or (0, 0))

    def raise_if_any(self) -> None:
        """Raises ConfigError with every problem, in the order of the file."""
        if self.found:
            raise ConfigError(sorted(self.found, key=lambda line: self.found[line]))
