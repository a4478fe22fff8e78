"""A linear dispatcher: one-versus-rest support vectors over words, characters and categories.

Source: Fan et al., "LIBLINEAR", 2008; Wang, Manning, "Baselines and bigrams", 2012.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.contracts.dispatcher import Assignment, Columns
from aiops.contracts.errors import NotEnoughHistory
from aiops.domain.series import FloatArray, IntArray
from aiops.incident.dispatch.columns import ColumnKind, read_time, tell_kind
from aiops.incident.dispatch.confidence import Calibration, calibrate
from aiops.incident.dispatch.features import (
    View,
    learn_blocks,
    learn_cuts,
    row_count,
    terms_of,
    weigh,
)

COST: Final = 0.5
"""Price of a training error; rows have a length of √blocks, so this is mild."""
FOLDS: Final = 4
ERAS: Final = 2
"""Quarters, newest first, that calibrate where tickets carry times, each from its past alone."""
_SMALLEST: Final = 8
"""Tickets below which nothing can be held back."""


@dataclass(frozen=True, slots=True)
class LinearDispatcher:
    """A fitted model.

    Attributes:
        labels: In the order of the columns of ``weights``.
        weights: ``(n_terms, n_labels)`` float32.
        intercepts: ``(n_labels,)``.
        usual: Share of the most frequent label: the confidence of a ticket without a known term.
    """

    view: View
    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    intercepts: FloatArray
    calibration: Calibration
    usual: float

    def assign(self, tickets: Columns, min_precision: float | None = None) -> Assignment:
        """Returns label, confidence and whether to abstain for each ticket."""
        view = self.view
        matrix = weigh(terms_of(tickets, view.kinds, view.cuts, view.blocks), view.blocks)
        n = row_count(tickets)
        known = np.diff(matrix.indptr) > 0 if matrix.shape[1] else np.zeros(n, bool)
        scores = np.tile(self.intercepts, (n, 1))
        if matrix.shape[1]:
            scores = scores + np.asarray(matrix @ self.weights)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :3]
        if len(self.labels) == 1:
            margin = np.ones(n)
            known = np.ones(n, bool)
        else:
            margin = _margin(scores)
        confidence = self.calibration.probability(margin)
        confidence = np.where(known, confidence, np.minimum(confidence, self.usual))
        abstained = np.zeros(n, bool)
        if min_precision is not None:
            abstained = ~known | (margin < self.calibration.threshold(min_precision))
        names = [
            tuple(self.labels[i] for i in order[:, k]) if k < len(self.labels) else ("",) * n
            for k in range(3)
        ]
        return Assignment(names[0], names[1], names[2], confidence, abstained)


def fit(tickets: Columns, labels: Sequence[str]) -> LinearDispatcher:
    """Learns a dispatcher from past tickets.

    Calibration uses answers on tickets that were held back: where a column holds times, the
    two newest quarters, each answered from what came before it (teams and their work change);
    otherwise each quarter in turn.

    Args:
        tickets: Columns without the label.
        labels: One per ticket; rows with an empty one are left out.

    Raises:
        NotEnoughHistory: No ticket has a label.
    """
    kept = np.array([i for i, label in enumerate(labels) if label.strip()], dtype=np.int64)
    if not len(kept):
        raise NotEnoughHistory("no ticket has a label; give tickets whose owner is known")
    kinds = {name: tell_kind(cells) for name, cells in tickets.items()}
    kept, timed = _in_time(tickets, kinds, kept)
    rows = {name: [cells[i] for i in kept] for name, cells in tickets.items()}
    names, target = np.unique([labels[i].strip() for i in kept], return_inverse=True)
    target = target.astype(np.int64)
    cuts = learn_cuts(rows, kinds)
    terms = terms_of(rows, kinds, cuts)
    terms = {block: part for block, part in terms.items() if part.names}
    blocks = learn_blocks(terms, len(names))
    matrix = weigh(terms, blocks)
    usual = float(np.bincount(target).max() / len(target))
    if len(names) == 1:
        learned = np.zeros((matrix.shape[1], 1), np.float32), np.zeros(1)
        unseen = calibrate(np.ones(len(target)), np.ones(len(target), bool))
    else:
        unseen = _hold_back(matrix, target, len(names), timed)
        learned = _learn(matrix, target, len(names))
    view = View(kinds, cuts, blocks)
    return LinearDispatcher(view, tuple(map(str, names)), *learned, unseen, usual)


def _in_time(
    tickets: Columns, kinds: dict[str, ColumnKind], kept: IntArray
) -> tuple[IntArray, bool]:
    """Returns the rows by their first column of times, and whether there is one."""
    name = next((name for name, kind in kinds.items() if kind is ColumnKind.TIME), None)
    if name is None:
        return kept, False
    cells = tickets[name]
    found = [read_time(cells[i].strip()) for i in kept]
    stamps = [at.timestamp() if at is not None else -np.inf for at in found]
    return kept[np.argsort(stamps, kind="stable")], True


def _margin(scores: FloatArray) -> FloatArray:
    two = -np.partition(-scores, 1, axis=1)[:, :2]
    return two[:, 0] - two[:, 1]


def _learn(matrix: Any, target: IntArray, n_labels: int) -> tuple[NDArray[np.float32], FloatArray]:
    """Returns weights and intercepts; a label without tickets scores far below the others."""
    from sklearn.svm import LinearSVC

    weights = np.zeros((matrix.shape[1], n_labels), np.float32)
    intercepts = np.full(n_labels, -10.0)
    present = np.unique(target)
    if len(present) == 1 or not matrix.shape[1]:
        share = np.bincount(target, minlength=n_labels) / len(target)
        return weights, np.where(share > 0, share * 2 - 1, -10.0)
    # Rare teams count by the root of how rare they are: halfway between tickets and teams.
    count = np.bincount(target, minlength=n_labels)[present]
    scale = len(target) / np.sqrt(count).sum()
    price = {int(i): scale / np.sqrt(c) for i, c in zip(present, count, strict=True)}
    machine = LinearSVC(C=COST, class_weight=price, random_state=0, max_iter=3000)
    machine.fit(matrix, target)
    if len(present) == 2:
        weights[:, present] = np.column_stack([-machine.coef_[0], machine.coef_[0]])
        intercepts[present] = [-machine.intercept_[0], machine.intercept_[0]]
    else:
        weights[:, present] = machine.coef_.T
        intercepts[present] = machine.intercept_
    return weights, intercepts


def _hold_back(matrix: Any, target: IntArray, n_labels: int, timed: bool) -> Calibration:
    n = len(target)
    if n < _SMALLEST:
        return calibrate(np.empty(0), np.empty(0, bool))
    place = np.arange(n)
    fold = place * FOLDS // n if timed else place % FOLDS
    margins, rights, eras = [], [], []
    for turn in range(FOLDS - ERAS, FOLDS) if timed else range(FOLDS):
        out = fold == turn
        seen = fold < turn if timed else ~out
        weights, intercepts = _learn(matrix[seen], target[seen], n_labels)
        scores = np.asarray(matrix[out] @ weights) + intercepts
        margins.append(_margin(scores))
        rights.append(scores.argmax(axis=1) == target[out])
        eras.append(np.full(int(out.sum()), turn if timed else 0, np.uint8))
    return calibrate(np.concatenate(margins), np.concatenate(rights), np.concatenate(eras))
