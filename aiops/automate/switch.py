"""The kill switch: one note in the ledger, heard by every daemon."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiops.contracts.ledger import Ledger

SWITCH: Final = "automation switch"
"""Name of the ledger's note that keeps it."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether automation is stopped, by whom and why."""

    halted: bool = False
    by: str = ""
    at: str = ""
    note: str = ""

    @classmethod
    def read(cls, ledger: Ledger) -> "Switch":
        """Returns how it stands."""
        found: Mapping[str, Any] = ledger.note(SWITCH)
        return cls(
            bool(found.get("halted")),
            str(found.get("by", "")),
            str(found.get("at", "")),
            str(found.get("note", "")),
        )


def set_switch(ledger: Ledger, who: str, note: str, now: datetime, *, halted: bool) -> Switch:
    """Pulls or releases the switch, audited."""
    before = Switch.read(ledger)
    after = Switch(halted, who, now.isoformat(), note)
    with ledger.begin() as tx:
        value = {"halted": halted, "by": who, "at": after.at, "note": note}
        tx.put_note(SWITCH, value)
        what = "halt automation" if halted else "resume automation"
        tx.audit(now, who, what, "automation", {"halted": before.halted}, value)
    return after
