"""Who wants to be left alone until when, and who has to be told afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from aiops.contracts.ledger import LedgerTransaction
from aiops.domain.silence import Silence

SILENCES: Final = "silences"
"""Name of the ledger's note that keeps them."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Silences as the ledger keeps them.

    Attributes:
        waiting: Keys of incidents that opened in a silence and were told to nobody.
    """

    silences: tuple[Silence, ...] = ()
    waiting: frozenset[str] = frozenset()

    @classmethod
    def read(cls, note: Mapping[str, Any]) -> "Hush":
        """Returns what a note holds, nothing of an empty one."""
        silences = tuple(
            Silence(
                each["id"],
                each["match"],
                datetime.fromisoformat(each["until"]),
                each["reason"],
                each["by"],
                datetime.fromisoformat(each["since"]),
            )
            for each in note.get("silences", ())
        )
        return cls(silences, frozenset(note.get("waiting", ())))

    def put(self, tx: LedgerTransaction) -> None:
        """Writes it in a transaction."""
        tx.put_note(
            SILENCES,
            {
                "silences": [
                    {
                        "id": each.id,
                        "match": each.match,
                        "until": each.until.isoformat(),
                        "reason": each.reason,
                        "by": each.by,
                        "since": each.since.isoformat(),
                    }
                    for each in self.silences
                ],
                "waiting": sorted(self.waiting),
            },
        )

    def with_waiting(self, waiting: frozenset[str]) -> "Hush":
        """Returns it with other incidents waiting."""
        return replace(self, waiting=waiting)

    def add(self, silence: Silence, now: datetime) -> "Hush":
        """Returns it with one more silence, forgetting those that are over."""
        kept = tuple(s for s in self.silences if s.until > now and s.id != silence.id)
        return replace(self, silences=(*kept, silence))

    def end(self, identity: str) -> "Hush":
        """Returns it without a silence.

        Raises:
            KeyError: There is no such silence.
        """
        kept = tuple(s for s in self.silences if s.id != identity)
        if len(kept) == len(self.silences):
            raise KeyError(identity)
        return replace(self, silences=kept)
