"""The text of a ticket: pure, plain, the same words as on the page."""

import re
from datetime import datetime
from typing import Any

from aiops.domain.incident import Incident, Prediction
from aiops.domain.ticket import TicketAction, TicketDraft
from aiops.ticket.verdict import Links

_SUBJECT_CHARACTERS = 200
_BODY_CHARACTERS = 16_000
_MOST_MEMBERS = 20

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters and those that turn the direction of writing; tab and newline stay."""
_MENTION = re.compile(r"@(?=\w)|<(?=[!@#])")

_VERDICTS = {
    "happened": "It happened 已发生",
    "averted": "We averted it 已避免",
    "false": "False alarm 误报",
}
_TITLES = {
    TicketAction.OPEN: "",
    TicketAction.COMMENT: "Update",
    TicketAction.RESOLVE: "Resolved",
    TicketAction.REOPEN: "Reopened",
}


def draft(
    incident: Incident,
    action: TicketAction,
    public_url: str = "",
    language: str = "en",
    verdicts: Links | None = None,
) -> TicketDraft:
    """Returns what is to be sent of an incident.

    Args:
        public_url: Address of this service, for the link; empty: no link.
        language: Whose sentence goes into the subject (``en`` or ``zh``); the body has both.
        verdicts: Writes links by which a reader says how it ended.
    """
    url = f"{public_url.rstrip('/')}/incidents/{incident.key}" if public_url else ""
    prediction = incident.current or incident.predicted
    return TicketDraft(
        key=incident.key,
        message_id="",
        action=action,
        subject=_subject(incident, language),
        body=_body(incident, action, prediction, url, language, verdicts),
        priority=incident.priority,
        due=prediction.latest_safe_start if prediction else None,
        url=url,
    )


def one_line(text: str) -> str:
    r"""Returns text that cannot break out of a line, mention anyone or turn the direction.

    >>> one_line("a\nb @channel \x1b[31m")
    'a\\nb @\u200bchannel \\x1b[31m'
    """
    return escape(text).replace("\n", "\\n").replace("\t", "\\t")


def escape(text: str) -> str:
    """Returns text with control characters written out and mentions neutralised."""
    visible = _CONTROL.sub(lambda found: _written_out(found.group()), text)
    return _MENTION.sub(lambda found: found.group() + "\u200b", visible)


def cut(text: str, characters: int) -> str:
    """Returns text of at most so many characters, marked where it was cut.

    >>> cut("disk is full", 6)
    'disk …'
    """
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _written_out(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _subject(incident: Incident, language: str) -> str:
    words = incident.sentence.get(language) or incident.sentence.get("en") or incident.series.text
    return cut(one_line(words), _SUBJECT_CHARACTERS)


def _body(
    incident: Incident,
    action: TicketAction,
    prediction: Prediction | None,
    url: str,
    language: str,
    verdicts: Links | None,
) -> str:
    order = sorted(incident.sentence, key=lambda code: (code != language, code))
    title = _TITLES[action]
    lines = [f"{title}:" if title else "", *(one_line(incident.sentence[code]) for code in order)]
    if action is not TicketAction.OPEN and incident.transitions:
        last = incident.transitions[-1]
        note = f": {last.note}" if last.note else ""
        lines += ["", one_line(f"{last.reason.value} by {last.by}{note}")]
    if prediction is not None and action is not TicketAction.RESOLVE:
        lines += ["", *_prediction_lines(prediction)]
    lines += _member_lines(incident)
    evidence = _evidence_lines(incident.evidence)
    if action in {TicketAction.OPEN, TicketAction.REOPEN} and evidence:
        lines += ["", "Evidence:", *evidence]
    lines += ["", *([f"Details: {url}"] if url else [])]
    if verdicts is not None and action is not TicketAction.COMMENT:
        links = verdicts(incident)
        lines += ["Was it right? 是否准确？"]
        lines += [f"- {_VERDICTS[name]}: {address}" for name, address in links.items()]
    lines += [f"Incident: {incident.key}"]
    return cut("\n".join(lines).strip(), _BODY_CHARACTERS)


def _prediction_lines(prediction: Prediction) -> list[str]:
    expected = (
        f"Expected: between {_time(prediction.early)} and {_time(prediction.late)}, "
        f"most likely {_time(prediction.likely)}"
    )
    lines = [expected, f"Probability: {100 * prediction.probability:.0f} %"]
    if prediction.latest_safe_start is not None:
        lines.append(f"Start repair no later than: {_time(prediction.latest_safe_start)}")
    return lines


def _member_lines(incident: Incident) -> list[str]:
    """Returns the series that belong to an incident of several."""
    members = incident.members
    if len(members) < 2:
        return []
    lines = [
        one_line(
            f"- {member.series.text}: since {_time(member.since)}"
            + (f", normal again {_time(member.until)}" if member.until else "")
        )
        for member in members[:_MOST_MEMBERS]
    ]
    if len(members) > _MOST_MEMBERS:
        lines.append(f"- and {len(members) - _MOST_MEMBERS} more")
    causes = [
        one_line(f"- {cause.asset} ({100 * cause.share:.0f} %): {cause.reason.get('en', '')}")
        for cause in incident.causes[:3]
    ]
    shown = ["", "Probable cause:", *causes] if causes else []
    return [*shown, "", f"{len(members)} signals:", *lines]


def _evidence_lines(evidence: Any) -> list[str]:
    """Returns the plain values of the evidence; curves stay on the page."""
    shown = {
        name: value
        for name, value in evidence.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    }
    signal = evidence.get("signal")
    if isinstance(signal, dict):
        shown = {"signal": f"{signal.get('asset', '')} {signal.get('metric', '')}", **shown}
    return [one_line(f"- {name}: {value}") for name, value in shown.items()]


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
