"""The text of a ticket: pure, plain, the same words as on the page."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiops.domain.incident import Incident, Prediction
from aiops.domain.phrase import Phrase, verbatim
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
        language: Of subject and labels (``en`` or ``zh``); the body has both sentences.
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
        category=_short(str(incident.evidence.get("category", ""))),
        service=_short(incident.service),
        group=_short(incident.owner),
        assignee=_short(incident.assignee),
    )


def _short(name: str) -> str:
    return cut(one_line(name), _SUBJECT_CHARACTERS)


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
    def say(code: str, **values: Any) -> str:
        return Phrase(code, values).text(language)

    order = sorted(incident.sentence, key=lambda code: (code != language, code))
    title = "" if action is TicketAction.OPEN else say(f"title_{action.value}")
    lines = [title, *(one_line(incident.sentence[code]) for code in order)]
    if action is not TicketAction.OPEN and incident.transitions:
        last = incident.transitions[-1]
        told = say("reason_by", reason=last.reason.value, actor=last.by)
        said = last.words(language)
        told = say("with_note", what=verbatim(told).plain(), note=said) if said else told
        lines += ["", one_line(told)]
    if prediction is not None and action is not TicketAction.RESOLVE:
        lines += ["", *_prediction_lines(prediction, say)]
    if action in {TicketAction.OPEN, TicketAction.REOPEN}:
        lines += ["", *_address_lines(incident, say)]
    lines += _member_lines(incident, language, say)
    evidence = _evidence_lines(incident.evidence)
    if action in {TicketAction.OPEN, TicketAction.REOPEN} and evidence:
        lines += ["", say("evidence"), *evidence]
    lines += ["", *([say("details", url=url)] if url else [])]
    if verdicts is not None and action is not TicketAction.COMMENT:
        links = verdicts(incident)
        lines += ["Was it right? 是否准确？"]
        lines += [f"- {_VERDICTS[name]}: {address}" for name, address in links.items()]
    lines += [say("incident", key=incident.key)]
    return cut("\n".join(lines).strip(), _BODY_CHARACTERS)


def _prediction_lines(prediction: Prediction, say: Callable[..., str]) -> list[str]:
    times = {name: _time(getattr(prediction, name)) for name in ("early", "late", "likely")}
    lines = [
        say("expected", **times),
        say("percent", percent=f"{100 * prediction.probability:.0f}"),
    ]
    if prediction.latest_safe_start is not None:
        lines.append(say("safe_start", at=_time(prediction.latest_safe_start)))
    return lines


def _address_lines(incident: Incident, say: Callable[..., str]) -> list[str]:
    """Returns category, service, priority and who has it, as far as they are known."""
    levels = incident.evidence.get("priority")
    known = {
        "category_is": str(incident.evidence.get("category", "")),
        "service_is": incident.service,
        "group_is": incident.owner,
        "assignee_is": incident.assignee,
    }
    lines = [say("priority_is", priority=incident.priority)]
    if isinstance(levels, Mapping):
        shown = {f"{name}": {"code": f"level_{levels.get(name)}"} for name in ("impact", "urgency")}
        lines = [say("priority_of", priority=incident.priority, **shown)]
    return [*lines, *(one_line(say(code, name=name)) for code, name in known.items() if name)]


def _member_lines(incident: Incident, language: str, say: Callable[..., str]) -> list[str]:
    """Returns the series that belong to an incident of several."""
    members = incident.members
    if len(members) < 2:
        return []
    lines = []
    for member in members[:_MOST_MEMBERS]:
        since = {"signal": member.series.text, "at": _time(member.since)}
        if member.until:
            lines.append(say("since_until", **since, until=_time(member.until)))
        else:
            lines.append(say("since", **since))
    if len(members) > _MOST_MEMBERS:
        lines.append(say("and_more", count=len(members) - _MOST_MEMBERS))
    causes = [
        say(
            "cause",
            asset=cause.asset,
            percent=f"{100 * cause.share:.0f}",
            why=cause.reason.get(language) or cause.reason.get("en", ""),
        )
        for cause in incident.causes[:3]
    ]
    shown = ["", say("probable_cause"), *(one_line(f"- {cause}") for cause in causes)]
    signals = [say("signals", count=len(members)), *(one_line(f"- {line}") for line in lines)]
    return [*(shown if causes else []), "", *signals]


def _evidence_lines(evidence: Any) -> list[str]:
    """Returns the plain values of the evidence; curves stay on the page."""
    shown = {
        name: value
        for name, value in evidence.items()
        if name != "category"
        and isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and value != ""
    }
    signal = evidence.get("signal")
    if isinstance(signal, dict):
        shown = {"signal": f"{signal.get('asset', '')} {signal.get('metric', '')}", **shown}
    return [one_line(f"- {name}: {value}") for name, value in shown.items()]


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
