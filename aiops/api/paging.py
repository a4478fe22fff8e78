"""Pages of long lists: a limit and a signed cursor."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

ItemT = TypeVar("ItemT")


class Paging(BaseModel):
    """Query parameters of every list; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=200)] = ""


class Cursors:
    """Makes and reads cursors that nobody else can make.

    >>> cursors = Cursors(b"key")
    >>> cursors.read(cursors.write(200))
    200
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, offset: int) -> str:
        """Returns the cursor of a place in a list."""
        mark = hmac.new(self._key, str(offset).encode(), hashlib.sha256).digest()[:16]
        return base64.urlsafe_b64encode(f"{offset}.".encode() + mark).decode()

    def read(self, cursor: str) -> int:
        """Returns the place a cursor stands for, 0 for an empty one.

        Raises:
            HTTPException: 400, the cursor is not ours.
        """
        if not cursor:
            return 0
        try:
            raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
            offset = int(raw.partition(b".")[0].decode())
        except (ValueError, UnicodeError) as error:
            raise HTTPException(400, "the cursor is not one of ours; start without") from error
        if not hmac.compare_digest(self.write(offset).encode(), cursor.encode()):
            raise HTTPException(400, "the cursor is not one of ours; start without")
        return offset

    def cut(self, items: Sequence[ItemT], paging: Paging) -> dict[str, Any]:
        """Returns one page of a list with the cursor of the next one."""
        start = self.read(paging.cursor)
        end = start + paging.limit
        following = self.write(end) if end < len(items) else None
        return {"items": list(items[start:end]), "next_cursor": following}
