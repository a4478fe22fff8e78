"""Bodies as columns: a series that was read before is known by the bytes of its labels.

The body is taken apart to the bytes of each series. A scrape has one sample of each, at the end:
its value, unless it is zero, and a time of six bytes. What is before that is the labels. Where a
series looks otherwise, or its labels are new, the message is parsed.

Source: Protocol Buffers, encoding; Prometheus, ``prompb/types.proto``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray

_WHOLE: Final = 18
"""Bytes of a sample: tag, length, tag, eight of the value, tag, six of the time."""
_ZERO: Final = 9
"""The same without a value: it is zero."""
_HEAD: Final = np.array([0x12, 0x10, 0x09], np.uint8)
_ZERO_HEAD: Final = np.array([0x12, 0x07, 0x10], np.uint8)
_TIME: Final = 0x10
_TIME_BYTES: Final = 6
_Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Read:
    """Samples of known series.

    Attributes:
        series: Number of each sample's series, as it was learnt.
        positions: Place in the body of each.
        rest: Places of the series that must be parsed.
    """

    series: IntArray
    times: IntArray
    values: FloatArray
    positions: IntArray
    rest: list[int]


@dataclass(slots=True)
class Known:
    """The bytes of labels to the number of a series."""

    number_by_labels: dict[bytes, int] = field(default_factory=dict)

    def learn(self, raw: bytes, labels: bytes, number: int) -> None:
        """Remembers a series, where its sample stands at the end as expected.

        Args:
            labels: The bytes of the labels alone.
        """
        if raw.startswith(labels) and len(raw) - len(labels) in {_WHOLE, _ZERO}:
            self.number_by_labels[labels] = number

    def read(self, raws: Sequence[bytes]) -> Read:
        """Returns the samples of the series that are known."""
        find = self.number_by_labels.get
        numbers: list[Any] = [find(raw[:-_WHOLE]) for raw in raws]
        whole = [at for at, number in enumerate(numbers) if number is not None]
        zero: list[int] = []
        rest: list[int] = []
        if len(whole) < len(raws):
            for at, number in enumerate(numbers):
                if number is None:
                    numbers[at] = find(raws[at][:-_ZERO])
                    (rest if numbers[at] is None else zero).append(at)
        tails = _matrix([raws[at][-_WHOLE:] for at in whole], _WHOLE)
        zeros = _matrix([raws[at][-_ZERO:] for at in zero], _ZERO)
        fits = (tails[:, :3] == _HEAD).all(axis=1) & (tails[:, 11] == _TIME)
        times, whole_times = _varints(tails[:, 12:])
        zero_fits = (zeros[:, :3] == _ZERO_HEAD).all(axis=1)
        zero_times, whole_zero_times = _varints(zeros[:, 3:])
        values = np.ascontiguousarray(tails[:, 3:11]).view("<f8").reshape(-1)
        good = np.concatenate([fits & whole_times, zero_fits & whole_zero_times])
        places = np.array([*whole, *zero], np.int64)
        rest += places[~good].tolist()
        return Read(
            np.array([numbers[at] for at in places[good].tolist()], np.int64),
            np.concatenate([times, zero_times])[good],
            np.concatenate([values, np.zeros(len(zero))])[good],
            places[good],
            sorted(rest),
        )


def _matrix(parts: Sequence[bytes], width: int) -> _Bytes:
    return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, width)


def _varints(digits: _Bytes) -> tuple[IntArray, NDArray[np.bool_]]:
    """Returns numbers of six groups of seven bits, and whether each has just as many."""
    more = digits >= 0x80  # the bit that says that another follows
    fits = more[:, :-1].all(axis=1) & ~more[:, -1]
    found = np.zeros(len(digits), np.int64)
    for place in range(_TIME_BYTES):
        found |= (digits[:, place].astype(np.int64) & 0x7F) << (7 * place)
    return found, fits
