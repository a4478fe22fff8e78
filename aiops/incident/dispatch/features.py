"""Tickets as a sparse matrix: one block of weighted terms per view of the ticket.

Weights are sublinear term frequency × inverse document frequency, each block of a row scaled
to length 1, so that a long text does not outvote the categories.

Source: Salton, Buckley, "Term-weighting approaches in automatic text retrieval", 1988.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.dispatcher import Columns
from aiops.domain.series import FloatArray, IntArray
from aiops.incident.dispatch.columns import (
    ColumnKind,
    category_of,
    read_number,
    time_parts,
)
from aiops.incident.dispatch.words import character_terms, clean, word_terms

BLOCKS: Final = ("word", "character", "category", "pair")
RAREST: Final = {"word": 2, "character": 3, "category": 1, "pair": 2}
"""Tickets a term must stand in to be kept: what was seen once cannot generalise."""
MOST_TERMS: Final = 200_000
MOST_WEIGHTS: Final = 20_000_000
"""Terms × labels of a model; float32, so 80 MB at most."""
_PAIRED: Final = 12
"""Categories that are paired with each other; more would square the work."""
_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of one block, in column order, and their weights."""

    terms: tuple[str, ...]
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class View:
    """How tickets become rows.

    Attributes:
        kinds: Column to what it is, in the order of the table.
        cuts: Number column to the inner edges of its bins.
        blocks: Block to its vocabulary; absent where the tickets have nothing of it.
    """

    kinds: Mapping[str, ColumnKind]
    cuts: Mapping[str, tuple[float, ...]]
    blocks: Mapping[str, Vocabulary]


def learn_cuts(tickets: Columns, kinds: Mapping[str, ColumnKind]) -> dict[str, tuple[float, ...]]:
    """Returns the deciles of every number column."""
    cuts = {}
    for name, kind in kinds.items():
        if kind is ColumnKind.NUMBER:
            values = [v for v in map(read_number, tickets[name]) if v is not None]
            edges = np.unique(np.quantile(values, np.arange(1, _BINS) / _BINS))
            cuts[name] = tuple(float(edge) for edge in edges)
    return cuts


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of many tickets, counted: a sparse matrix before it is weighed.

    Attributes:
        names: Term to its number; only terms asked for when a vocabulary was given.
        bounds, numbers, counts: Row i has the terms ``numbers[bounds[i]:bounds[i + 1]]``.
    """

    names: Mapping[str, int]
    bounds: IntArray
    numbers: NDArray[np.int32]
    counts: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.bounds) - 1


def terms_of(
    tickets: Columns,
    kinds: Mapping[str, ColumnKind],
    cuts: Mapping[str, tuple[float, ...]],
    blocks: Mapping[str, Vocabulary] | None = None,
) -> dict[str, Terms]:
    """Returns block to its counted terms; a column that is missing counts as empty.

    Args:
        blocks: The only blocks and terms wanted; None to find all there are.
    """
    n = row_count(tickets)
    empty = [""] * n
    texts = [tickets.get(name, empty) for name, k in kinds.items() if k is ColumnKind.TEXT]
    whole = [
        clean(" . ".join(cell for cell in cells if cell)) for cells in zip(*texts, strict=True)
    ]
    marks = list(_marks(tickets, kinds, cuts, n))
    rows: dict[str, Iterator[Iterable[str]]] = {
        "word": map(word_terms, whole),
        "character": map(character_terms, whole),
        "category": iter(marks),
        "pair": map(_pairs, marks),
    }
    if blocks is None:
        return {block: _count(found, None) for block, found in rows.items()}
    return {block: _count(rows[block], vocabulary) for block, vocabulary in blocks.items()}


def _count(rows: Iterator[Iterable[str]], vocabulary: Vocabulary | None) -> Terms:
    names: dict[str, int] = {}
    if vocabulary is not None:
        names = {term: i for i, term in enumerate(vocabulary.terms)}
    bounds, numbers, counts = array("q", [0]), array("i"), array("f")
    for row in rows:
        seen: dict[int, int] = {}
        for term in row:
            i = names.get(term)
            if i is None:
                if vocabulary is not None:
                    continue
                i = names[term] = len(names)
            seen[i] = seen.get(i, 0) + 1
        numbers.extend(seen)
        counts.extend(seen.values())
        bounds.append(len(numbers))
    return Terms(
        names,
        np.array(bounds, dtype=np.int64),
        np.array(numbers, dtype=np.int32),
        np.array(counts, dtype=np.float32),
    )


def row_count(tickets: Columns) -> int:
    """Returns the number of tickets."""
    return next((len(cells) for cells in tickets.values()), 0)


def _marks(
    tickets: Columns,
    kinds: Mapping[str, ColumnKind],
    cuts: Mapping[str, tuple[float, ...]],
    n: int,
) -> Iterator[list[str]]:
    empty = [""] * n
    named = [(name, kind, tickets.get(name, empty)) for name, kind in kinds.items()]
    for row in range(n):
        marks = []
        for name, kind, cells in named:
            cell = cells[row]
            if kind is ColumnKind.CATEGORY:
                marks.append(f"{name}={category_of(cell)}")
            elif kind is ColumnKind.TIME:
                marks.extend(f"{name}.{part}" for part in time_parts(cell))
            elif kind is ColumnKind.NUMBER:
                number = read_number(cell)
                place = "?" if number is None else int(np.searchsorted(cuts[name], number))
                marks.append(f"{name}#{place}")
        yield marks


def _pairs(marks: Sequence[str]) -> Iterator[str]:
    paired = [mark for mark in marks if "=" in mark and ".weekday=" not in mark][:_PAIRED]
    for i, one in enumerate(paired):
        for other in paired[i + 1 :]:
            yield f"{one}&{other}"


def learn_blocks(terms: Mapping[str, Terms], n_labels: int) -> dict[str, Vocabulary]:
    """Returns the vocabularies: frequent enough, the most frequent first when too many."""
    most = min(MOST_TERMS, max(MOST_WEIGHTS // max(n_labels, 1), 1000))
    found = {}
    for block, rows in terms.items():
        frequency = np.bincount(rows.numbers, minlength=len(rows.names))
        named = list(rows.names)
        often = np.flatnonzero(frequency >= RAREST[block]).tolist()
        kept = sorted(often, key=lambda i: (-frequency[i], named[i]))[:most]
        if kept:
            weights = np.log((1 + len(rows)) / (1.0 + frequency[kept])) + 1.0
            found[block] = Vocabulary(tuple(named[i] for i in kept), weights)
    return found


def weigh(terms: Mapping[str, Terms], blocks: Mapping[str, Vocabulary]) -> Any:
    """Returns the sparse matrix ``(n_rows, n_terms)``, float64 CSR."""
    from scipy import sparse

    parts = [_block(terms[block], vocabulary) for block, vocabulary in blocks.items()]
    n = max((len(rows) for rows in terms.values()), default=0)
    return sparse.hstack(parts).tocsr() if parts else sparse.csr_matrix((n, 0))


def _block(rows: Terms, vocabulary: Vocabulary) -> Any:
    """Returns the terms of the vocabulary, each row of length 1."""
    from scipy import sparse

    place = np.full(len(rows.names) + 1, -1, dtype=np.int64)
    for i, term in enumerate(vocabulary.terms):
        number = rows.names.get(term)
        if number is not None:
            place[number] = i
    column = place[rows.numbers]
    row = np.repeat(np.arange(len(rows)), np.diff(rows.bounds))
    kept = column >= 0
    row, column = row[kept], column[kept]
    weight = (1.0 + np.log(rows.counts[kept].astype(np.float64))) * vocabulary.weights[column]
    length = np.sqrt(np.bincount(row, weight * weight, len(rows)))
    weight /= length[row]
    return sparse.csr_matrix((weight, (row, column)), shape=(len(rows), len(vocabulary.terms)))
