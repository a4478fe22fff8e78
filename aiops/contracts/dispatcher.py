"""Dispatchers: which team a ticket belongs to, learned from tickets that found theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, Sequence[str]]
"""Tickets as columns of text, all of one length; an empty string where nothing is known."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The answer for many tickets, row by row.

    Attributes:
        label: Most likely label; always filled.
        second, third: The next ones, empty where there are no more labels.
        confidence: ``(n_rows,)`` probability that ``label`` is right.
        abstained: ``(n_rows,)`` True where a person should decide.
    """

    label: tuple[str, ...]
    second: tuple[str, ...]
    third: tuple[str, ...]
    confidence: NDArray[np.float64]
    abstained: NDArray[np.bool_]


@runtime_checkable
class Dispatcher(Protocol):
    """A model learned from past tickets.

    Promises: confidence is calibrated on tickets the model had not seen; where it does not
    abstain, the labels keep the precision asked for on tickets like those it learned from;
    equal input gives equal output; columns it does not know are ignored, missing ones empty.
    """

    @property
    def labels(self) -> Sequence[str]:
        """Every label it can give."""
        ...

    def assign(self, tickets: Columns, min_precision: float | None = None) -> Assignment:
        """Returns a label for each ticket; abstains nowhere without ``min_precision``."""
        ...
