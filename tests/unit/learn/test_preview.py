"""What a verdict would have changed is told before it is given."""

from dataclasses import replace
from datetime import timedelta

from aiops.domain.incident import IncidentState, Outcome, OutcomeKind
from aiops.learn.preview import preview_verdict
from aiops.testing.ledger import NOW, example_incident

DAY = timedelta(days=1)


def _past(days, kind=None, onset=0):
    at = NOW - days * DAY
    outcome = Outcome(kind, at, by="ada") if kind else None
    return replace(
        example_incident("db-07", onset),
        opened_at=at,
        state=IncidentState.CLOSED,
        closed_at=at + DAY / 2,
        outcome=outcome,
        number=onset,
    )


def test_what_would_have_been_silent_is_counted_with_what_was_right_of_it():
    now = replace(example_incident("db-07", 99), opened_at=NOW)
    past = [
        _past(10.0, OutcomeKind.FALSE, 1),
        _past(9.2, OutcomeKind.FALSE, 2),
        _past(8.4, OutcomeKind.HAPPENED, 3),
        _past(2.0, OutcomeKind.FALSE, 4),
        _past(80.0, OutcomeKind.FALSE, 5),
    ]
    told = preview_verdict(now, OutcomeKind.FALSE, past, NOW)
    assert told["same_signal"] == 4
    assert (told["would_be_silent"], told["of_them_right"]) == (2, 1)
    assert told["incidents"] == ["INC-2", "INC-3"]


def test_the_precision_of_the_method_is_told_before_and_after():
    now = replace(example_incident("db-07", 99), opened_at=NOW, outcome=None)
    past = [_past(5, OutcomeKind.HAPPENED, 1), _past(20, OutcomeKind.FALSE, 2)]
    told = preview_verdict(now, OutcomeKind.FALSE, past, NOW)
    assert (told["precision_before"], told["precision_after"]) == (0.5, 0.3333)
    told = preview_verdict(now, OutcomeKind.HAPPENED, past, NOW)
    assert told["precision_after"] == 0.6667
    assert told["would_be_silent"] == 0


def test_without_a_past_nothing_is_claimed():
    now = replace(example_incident("db-07", 99), opened_at=NOW, outcome=None)
    told = preview_verdict(now, OutcomeKind.FALSE, [], NOW)
    assert told["same_signal"] == 0
    assert told["precision_before"] is None
    assert told["precision_after"] == 0.0
