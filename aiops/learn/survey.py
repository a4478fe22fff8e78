"""The one question asked when an incident is closed, and the signed link that asks it."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

from aiops.contracts.errors import Refused
from aiops.contracts.ledger import Ledger
from aiops.domain.answer import Answer
from aiops.domain.incident import Incident

VALID: Final = timedelta(days=14)
SCORES: Final = (1, 2, 3, 4, 5)


def sign_survey(key: bytes, incident: str, now: datetime) -> str:
    """Returns the token of a link that answers about one incident, and can do nothing else."""
    until = int((now + VALID).timestamp())
    return f"{incident}.{until}.{_mac(key, incident, until)}"


def survey_line(key: bytes, public_url: str, incident: str, closed: datetime) -> str:
    """Returns the question with its link, as the closing ticket carries it.

    The link is valid from the closing on, so that the same message has the same link.
    """
    address = f"{public_url.rstrip('/')}/survey/{sign_survey(key, incident, closed)}"
    return f"Was this incident handled well? 这次事件处理得好吗？ {address}"


def read_survey(key: bytes, token: str, now: datetime) -> str | None:
    """Returns the incident of a token; None when it is not ours or out of time.

    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> token = sign_survey(b"k" * 32, "ab" * 32, at)
    >>> read_survey(b"k" * 32, token, at) == "ab" * 32, read_survey(b"j" * 32, token, at)
    (True, None)
    """
    incident, _, rest = token.partition(".")
    text, _, mac = rest.partition(".")
    if len(token) > 200 or not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    right = hmac.compare_digest(_mac(key, incident, int(text)).encode(), mac.encode())
    return incident if right and now < datetime.fromtimestamp(int(text), UTC) else None


def record_answer(
    ledger: Ledger, incident: Incident, score: int, who: str, note: str, now: datetime
) -> Answer:
    """Stores an answer, audited; a later one about the same incident replaces it.

    Raises:
        Refused: The incident is not closed yet, or the score is none of 1 to 5.
    """
    if incident.is_open:
        raise Refused(f"{incident.display} is not closed yet; answer when it is")
    if score not in SCORES:
        raise Refused(f"{score} is no answer, expected 1 (badly) to 5 (very well)")
    answer = Answer(incident.key, incident.asset, score, now, who, note)
    with ledger.begin() as tx:
        tx.put_answer(answer)
        tx.audit(now, who, "answer survey", incident.key, {}, {"score": score, "note": note})
    return answer


def _mac(key: bytes, incident: str, until: int) -> str:
    text = f"survey|{incident}|{until}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:40]
