"""Asks boosted trees that LightGBM grew, without LightGBM.

The library that grows trees brings pandas, scikit-learn and more than eighty megabytes with it;
a daemon asks its trees every hour and grows new ones once a week. So growing is left to the
library, and the text that it writes is read here.

Source: LightGBM's text format and the decision of one node, ``include/LightGBM/tree.h``
(Ke et al., 2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aiops.domain.series import FloatArray, IntArray

_MISSING_LEFT: Final = 2
_ZERO: Final = 1e-35
"""What the library takes for zero."""

_ZERO_MISSING: Final = 1
_NAN_MISSING: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Trees side by side; a node's child is a node from 0 on, or the leaf ``-1 - child``.

    Attributes:
        features: ``(nodes,)`` the column that a node looks at.
        thresholds: ``(nodes,)`` the most that goes left.
        kinds: ``(nodes,)`` the library's bits: a category, missing goes left, what is missing.
        children: ``(nodes, 2)`` left and right, counted in the tree.
        leaves: ``(leaves,)`` what is added.
        roots: ``(trees, 2)`` where a tree's nodes (-1: it is one leaf) and its leaves begin.
        width: Columns that a row must have.
    """

    features: IntArray
    thresholds: FloatArray
    kinds: IntArray
    children: IntArray
    leaves: FloatArray
    roots: IntArray
    width: int

    def ask(self, rows: NDArray[np.floating]) -> FloatArray:
        """Returns ``(n,)`` sums over the trees: for chances the log odds.

        Raises:
            ValueError: The rows have another number of columns than the trees were grown on.
        """
        if rows.ndim != 2 or rows.shape[1] != self.width:
            msg = f"rows of {self.width} columns were learnt from, these are {rows.shape}"
            raise ValueError(msg)
        wide = np.ascontiguousarray(rows, dtype=np.float64)
        answer = np.zeros(len(wide))
        _run(
            wide, self.features, self.thresholds, self.kinds, self.children, self.leaves,
            self.roots, answer,
        )  # fmt: skip
        return answer


@lru_cache(maxsize=64)
def read_trees(text: str) -> Trees:
    """Reads what ``Booster.model_to_string`` wrote; the same text is read once.

    Raises:
        ValueError: The text holds trees that look at categories, have straight lines in their
            leaves, answer with several numbers or with a mean.
    """
    head, *parts = text.partition("end of trees")[0].split("\nTree=")
    told = _told(head)
    if told.get("num_tree_per_iteration", "1") != "1" or "average_output" in head.split():
        msg = "trees of one sum are read, these answer with a mean or with several numbers"
        raise ValueError(msg)
    trees = [_told(part) for part in parts]
    for number, tree in enumerate(trees):
        if tree["num_cat"] != "0" or tree.get("is_linear", "0") != "0":
            msg = f"tree {number}: categories and straight lines are not read"
            raise ValueError(msg)
    nodes = [_numbers(tree, "threshold") for tree in trees]
    leaves = [_numbers(tree, "leaf_value") for tree in trees]
    alone = np.array([not len(part) for part in nodes], dtype=bool)
    children = [
        np.column_stack([_numbers(tree, "left_child"), _numbers(tree, "right_child")])
        for tree in trees
    ]
    return Trees(
        features=_joined([_numbers(tree, "split_feature") for tree in trees]).astype(np.int64),
        thresholds=_joined(nodes),
        kinds=_joined([_numbers(tree, "decision_type") for tree in trees]).astype(np.int64),
        children=np.concatenate([np.empty((0, 2)), *children]).astype(np.int64),
        leaves=_joined(leaves),
        roots=np.column_stack([np.where(alone, -1, _begins(nodes)), _begins(leaves)]),
        width=int(told["max_feature_idx"]) + 1,
    )


def _told(lines: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)


def _numbers(tree: Mapping[str, str], name: str) -> FloatArray:
    return np.array(tree.get(name, "").split(), dtype=np.float64)


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate([np.empty(0), *parts])


def _begins(parts: list[FloatArray]) -> IntArray:
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    return np.cumsum(lengths) - lengths


def _sum(
    rows: FloatArray,
    features: IntArray,
    thresholds: FloatArray,
    kinds: IntArray,
    children: IntArray,
    leaves: FloatArray,
    roots: IntArray,
    answer: FloatArray,
) -> None:
    for i in range(len(rows)):
        total = 0.0
        for tree in range(len(roots)):
            at = min(roots[tree, 0], 0)
            while at >= 0:
                node = roots[tree, 0] + at
                value, kind = rows[i, features[node]], kinds[node]
                missing = (kind >> 2) & 3
                if np.isnan(value) and missing != _NAN_MISSING:
                    value = 0.0
                if (missing == _NAN_MISSING and np.isnan(value)) or (
                    missing == _ZERO_MISSING and abs(value) <= _ZERO
                ):
                    right = 0 if kind & _MISSING_LEFT else 1
                else:
                    right = 0 if value <= thresholds[node] else 1
                at = children[node, right]
            total += leaves[roots[tree, 1] - 1 - at]
        answer[i] = total


_run = njit(cache=True, nogil=True)(_sum)
