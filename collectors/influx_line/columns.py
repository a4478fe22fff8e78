"""Whole bodies as columns: lines that say nothing new are taken apart together.

A line is plain when it is ``head fields time`` with bare numbers, and its series are known; then
its head and the names of its fields are looked up, not parsed. Every other line is left to the
parser: what is new, quoted, escaped, no number, or out of range.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray

WORTH_IT: Final = 8 << 10
"""Shorter bodies are read faster line by line."""
_NUMBER: Final = r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$"
_INTEGER: Final = r"^-?[0-9]{1,18}i$"
_STAMP: Final = r"^([0-9]{1,18}|[1-8][0-9]{18})$"
_MOST_PLACES: Final = 4 << 20
_ODD: Final = (b'"', b"\\", b"\t", b"\r", b"#")
_SPACE, _COMMA, _EQUALS, _END = b" ,=\n"
_Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Places:
    """Which row a field of a line's head has, once the parser has read it."""

    heads: dict[bytes, int] = field(default_factory=dict)
    names: dict[bytes, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)
    _columns: tuple[IntArray, FloatArray, FloatArray] | None = None
    _table: NDArray[np.int32] = field(default_factory=lambda: np.full((64, 16), -1, np.int32))

    def learn(self, head: bytes, name: bytes, row: int, scale: float, offset: float) -> None:
        """Remembers the row of one field."""
        at, of = self.heads.get(head, len(self.heads)), self.names.get(name, len(self.names))
        high, wide = self._table.shape
        if at >= high - 1 or of >= wide - 1:
            size = max(high, 2 * at), max(wide, 2 * of)
            if size[0] * size[1] > _MOST_PLACES:
                return
            table = np.full(size, -1, np.int32)
            table[:high, :wide] = self._table
            self._table = table
        self.heads[head], self.names[name] = at, of
        self._table[at, of] = len(self.rows)
        self.rows.append(row)
        self.scales.append(scale)
        self.offsets.append(offset)

    def columns(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Returns row, scale and offset of every place."""
        if self._columns is None or len(self._columns[0]) != len(self.rows):
            self._columns = (
                np.array(self.rows, np.int64),
                np.array(self.scales, np.float64),
                np.array(self.offsets, np.float64),
            )
        return self._columns

    def find(self, heads: IntArray, names: IntArray) -> IntArray:
        """Returns indexes into ``rows``, -1 where a field has none.

        A head or name that is not known is -1: the table's last row and column, always empty.
        """
        return self._table[heads, names].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Plain:
    """What was read together.

    Attributes:
        lines: ``(n_samples,)`` index of each sample's line.
        rest: Indexes of the lines that are left to the parser.
        unknown: Those of them that are plain but for what is not known yet.
    """

    lines: IntArray
    rows: IntArray
    times: IntArray
    values: FloatArray
    rest: list[int]
    unknown: frozenset[int]


def read_plain(body: bytes, lines: list[bytes], places: Places, first: int, last: int) -> Plain:
    """Returns the samples of the plain lines.

    Args:
        lines: Those of the body.
        first, last: The times that need no second look, in the body's own unit.
    """
    tokens = _cut(body)
    number, head, stamp = _plain_lines(tokens, body, lines)
    stamps, good = _integers(tokens.texts.take(pa.array(stamp)), _STAMP)
    good &= (stamps >= first) & (stamps <= last)
    pairs = (stamp - head) // 2  # a name and a value each
    owner = np.repeat(np.arange(len(number)), pairs)
    at = np.repeat(head + 1 - 2 * (np.cumsum(pairs) - pairs), pairs) + 2 * np.arange(len(owner))
    paired = (tokens.marks[at] == _EQUALS) & (tokens.marks[at + 1] != _EQUALS)
    values, numeric = _numbers(tokens.texts.take(pa.array(at + 1)))
    _mark(good, owner, paired & numeric)
    found = [places.heads.get(lines[n].partition(b" ")[0], -1) for n in number.tolist()]
    names = _look_up(tokens.texts.take(pa.array(at)), places.names)
    place = places.find(np.array(found, np.int64)[owner], names)
    known = good.copy()
    _mark(known, owner, place >= 0)
    keep = known[owner]
    chosen, owner = place[keep], owner[keep]
    rows, scales, offsets = places.columns()
    read = np.zeros(len(lines), np.bool_)
    read[number[known]] = True
    return Plain(
        number[owner],
        rows[chosen],
        stamps[owner],
        offsets[chosen] + scales[chosen] * values[keep],
        np.flatnonzero(~read).tolist(),
        frozenset(number[good & ~known].tolist()),
    )


@dataclass(frozen=True, slots=True)
class _Tokens:
    """A body cut at each space, comma, equals sign and end of a line.

    Attributes:
        texts: What lies before each cut.
        marks: The byte that was cut at.
    """

    texts: Any
    marks: NDArray[np.uint8]


def _cut(body: bytes) -> _Tokens:
    whole = np.frombuffer(body + b"\n", np.uint8)
    cuts = np.flatnonzero(
        (whole == _SPACE) | (whole == _COMMA) | (whole == _EQUALS) | (whole == _END)
    )
    # What is left without the marks is one text after another: nothing is copied apart.
    texts = body.translate(None, bytes((_SPACE, _COMMA, _EQUALS, _END)))
    offsets = np.zeros(len(cuts) + 1, np.int32)
    offsets[1:] = cuts - np.arange(len(cuts))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(texts)]
    return _Tokens(pa.Array.from_buffers(pa.binary(), len(cuts), buffers), whole[cuts])


def _plain_lines(
    tokens: _Tokens, body: bytes, lines: list[bytes]
) -> tuple[IntArray, IntArray, IntArray]:
    """Returns which lines are head, pairs and time; the last token of the head; the time's."""
    ends, spaces = np.flatnonzero(tokens.marks == _END), np.flatnonzero(tokens.marks == _SPACE)
    upto = np.searchsorted(spaces, ends)  # spaces until the end of each line
    plain = np.diff(upto, prepend=0) == 2
    for odd in _ODD:
        if odd in body:
            plain &= np.array([odd not in line for line in lines])
    number = np.flatnonzero(plain)
    head, fields = spaces[upto[number] - 2], spaces[upto[number] - 1]
    whole = (fields + 1 == ends[number]) & ((fields - head) % 2 == 0)
    return number[whole], head[whole], fields[whole] + 1


def _mark(lines: _Flags, owner: IntArray, good: _Flags) -> None:
    """Takes out the lines of which one part is not good."""
    lines[owner[~good]] = False


def _flags(array: Any) -> _Flags:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _integers(texts: Any, pattern: str) -> tuple[IntArray, _Flags]:
    good = np.ones(len(texts), np.bool_)
    try:
        return _int64(texts.cast(pa.string())), good
    except pa.ArrowInvalid:
        good = _flags(pc.match_substring_regex(texts, pattern=pattern))
        safe = pc.if_else(pa.array(good), texts, pa.scalar(b"0", pa.binary()))
        return _int64(safe.cast(pa.string())), good


def _numbers(texts: Any) -> tuple[FloatArray, _Flags]:
    """Returns the values, and which texts are numbers; integers end with ``i``."""
    whole = _flags(pc.ends_with(texts, pattern="i"))
    good = np.ones(len(texts), np.bool_)
    if whole.any():
        integers, good[whole] = _integers_marked(texts.filter(pa.array(whole)))
        texts = pc.if_else(pa.array(whole), pa.scalar(b"0", pa.binary()), texts)
    try:
        values = np.array(texts.cast(pa.string()).cast(pa.float64()))
    except pa.ArrowInvalid:  # looking at each first costs more than reading them
        plain = _flags(pc.match_substring_regex(texts, pattern=_NUMBER))
        good &= plain
        texts = pc.if_else(pa.array(plain), texts, pa.scalar(b"0", pa.binary()))
        values = np.array(texts.cast(pa.string()).cast(pa.float64()))
    if whole.any():
        values[whole] = integers
    return values, good & np.isfinite(values)


def _integers_marked(texts: Any) -> tuple[IntArray, _Flags]:
    good = _flags(pc.match_substring_regex(texts, pattern=_INTEGER))
    safe = pc.if_else(pa.array(good), texts, pa.scalar(b"0i", pa.binary()))
    digits = pc.ascii_rtrim(safe.cast(pa.string()), characters="i")
    return _int64(digits), good


def _int64(texts: Any) -> IntArray:
    return np.asarray(texts.cast(pa.int64()), dtype=np.int64)


def _look_up(texts: Any, known: dict[bytes, int]) -> IntArray:
    coded = texts.dictionary_encode()
    found = [known.get(each, -1) for each in coded.dictionary.to_pylist()]
    if not found:
        return np.empty(0, np.int64)
    codes: IntArray = np.array(found, np.int64)[np.asarray(coded.indices)]
    return codes
