"""Tickets as a sparse matrix: one block of weighted terms per view of the ticket.

Weights are sublinear term frequency × inverse document frequency, each block of a row scaled
to length 1, so that a long text does not outvote the categories.

Source: Salton, Buckley, "Term-weighting approaches in automatic text retrieval", 1988.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from aiops.contracts.dispatcher import Columns
from aiops.domain.series import FloatArray
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


def terms_of(
    tickets: Columns, kinds: Mapping[str, ColumnKind], cuts: Mapping[str, tuple[float, ...]]
) -> dict[str, list[list[str]]]:
    """Returns block to the terms of each ticket; a column that is missing counts as empty."""
    n = row_count(tickets)
    empty = [""] * n
    texts = [tickets.get(name, empty) for name, k in kinds.items() if k is ColumnKind.TEXT]
    whole = [
        clean(" . ".join(cell for cell in cells if cell)) for cells in zip(*texts, strict=True)
    ]
    marks = list(_marks(tickets, kinds, cuts, n))
    return {
        "word": [list(word_terms(text)) for text in whole],
        "character": [list(character_terms(text)) for text in whole],
        "category": marks,
        "pair": [list(_pairs(row)) for row in marks],
    }


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


def learn_blocks(terms: Mapping[str, list[list[str]]], n_labels: int) -> dict[str, Vocabulary]:
    """Returns the vocabularies: frequent enough, the most frequent first when too many."""
    most = min(MOST_TERMS, max(MOST_WEIGHTS // max(n_labels, 1), 1000))
    found = {}
    for block, rows in terms.items():
        counts: dict[str, int] = {}
        for row in rows:
            for term in set(row):
                counts[term] = counts.get(term, 0) + 1
        kept = [term for term, count in counts.items() if count >= RAREST[block]]
        kept = sorted(sorted(kept), key=lambda term: -counts[term])[:most]
        if kept:
            frequency = np.array([counts[term] for term in kept], dtype=np.float64)
            found[block] = Vocabulary(tuple(kept), np.log((1 + len(rows)) / (1 + frequency)) + 1.0)
    return found


def weigh(terms: Mapping[str, list[list[str]]], blocks: Mapping[str, Vocabulary]) -> Any:
    """Returns the sparse matrix ``(n_rows, n_terms)``, float64 CSR."""
    from scipy import sparse

    parts = [
        _block(terms[block], vocabulary) for block, vocabulary in blocks.items() if block in terms
    ]
    n = max((len(rows) for rows in terms.values()), default=0)
    return sparse.hstack(parts).tocsr() if parts else sparse.csr_matrix((n, 0))


def _block(rows: Iterable[Sequence[str]], vocabulary: Vocabulary) -> Any:
    from scipy import sparse

    place = {term: i for i, term in enumerate(vocabulary.terms)}
    bounds = [0]
    columns: list[int] = []
    counts: list[int] = []
    for row in rows:
        seen: dict[int, int] = {}
        for term in row:
            i = place.get(term)
            if i is not None:
                seen[i] = seen.get(i, 0) + 1
        columns.extend(seen)
        counts.extend(seen.values())
        bounds.append(len(columns))
    column = np.array(columns, dtype=np.int32)
    weight = (1.0 + np.log(np.array(counts, dtype=np.float64))) * vocabulary.weights[column]
    shape = (len(bounds) - 1, len(vocabulary.terms))
    matrix = sparse.csr_matrix((weight, column, np.array(bounds)), shape=shape)
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    matrix.data *= np.repeat(scale, np.diff(matrix.indptr))
    return matrix
