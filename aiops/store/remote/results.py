"""What this service found out, as lines for the team's own dashboards.

Results are decided and kept in the ledger; over there they are a copy to look at, in the
measurement ``aiops_result``. They are never read back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from aiops.store.remote.naming import STORE, name_of, tag_value

MEASUREMENT: Final = "aiops_result"


@dataclass(frozen=True, slots=True)
class Result:
    """Some numbers about an asset, or about one of its metrics, at one time.

    Attributes:
        at: ms since 1970.
        numbers: Name to finite number.
    """

    asset: str
    at: int
    numbers: Mapping[str, float]
    metric: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Publishing(Protocol):
    """A store that shows results to people beside its samples."""

    def publish(self, results: Iterable[Result]) -> None:
        """Writes results.

        Raises:
            StoreError: They were not all written; writing them again does no harm.
        """
        ...


def result_lines(results: Iterable[Result], store: str) -> bytes:
    r"""Returns line protocol, one line per result.

    >>> result_lines([Result("db-07", 1000, {"risk": 25.0})], "main")
    b'aiops_result,aiops_store=main,asset=db-07 risk=25.0 1000\n'
    """
    lines = []
    for result in results:
        tags = {name_of(name): value for name, value in result.labels.items()}
        tags |= {STORE: store, "asset": result.asset, "metric": result.metric}
        head = ",".join(f"{name}={tag_value(v)}" for name, v in sorted(tags.items()) if v)
        fields = ",".join(f"{name_of(name)}={value!r}" for name, value in result.numbers.items())
        if fields:
            lines.append(f"{MEASUREMENT},{head} {fields} {result.at}\n")
    return "".join(lines).encode()
