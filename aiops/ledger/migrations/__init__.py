"""Schema versions of the ledger; each is one file below ``versions``."""

from typing import Final

HEAD: Final = "0006"
"""The schema this program writes; revisions are numbered, so text order is their order."""
