"""Counts by asset, and words, while one batch is looked at."""

from collections import Counter
from datetime import datetime

import numpy as np

from aiops.collect.finding import Finding, QualityReason
from aiops.collect.oddity import Oddity
from aiops.collect.watch import Flags, Watch
from aiops.domain.series import Batch


class Tally:
    """What is found out about one batch.

    Attributes:
        newest: Newest time of a finite sample, ns; also of one that is refused.
        dropped: Reason to number of refused samples.
        counted: (asset, reason) to number of samples or series.
    """

    def __init__(self, source: str, now: datetime, watch: Watch, batch: Batch) -> None:
        self.source = source
        self.now = now
        self.watch = watch
        self.batch = batch
        self.newest = 0
        self.dropped: Counter[str] = Counter()
        self.counted: dict[tuple[str, str], int] = {}
        self.findings: list[Finding] = []

    def count(self, mask: Flags, reason: QualityReason, *, refused: bool = False) -> None:
        """Counts the samples of the current batch for which the mask holds."""
        rows, counts = np.unique(self.batch.rows[mask], return_counts=True)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            place = (self.batch.series[row].asset, reason.value)
            self.counted[place] = self.counted.get(place, 0) + count
        if refused:
            self.dropped[reason.value] += int(mask.sum())

    def tell(self, oddity: Oddity) -> None:
        """Adds one finding per asset for the series of an oddity."""
        by_asset: dict[str, list[int]] = {}
        for slot in oddity.slots.tolist():
            by_asset.setdefault(self.watch.keys[slot].asset, []).append(slot)
        for asset, members in by_asset.items():
            signal = self.watch.keys[members[0]].signal
            if not oddity.ended:
                place = (asset, oddity.reason.value)
                self.counted[place] = self.counted.get(place, 0) + len(members)
            self.findings.append(
                Finding(
                    self.now,
                    self.source,
                    asset,
                    oddity.reason,
                    len(members),
                    signal,
                    f"{signal} {oddity.words}",
                    oddity.ended,
                )
            )

    def tell_source(self, reason: QualityReason, detail: str, *, ended: bool = False) -> None:
        """Adds one finding about the source as a whole."""
        if not ended:
            self.counted["", reason.value] = self.counted.get(("", reason.value), 0) + 1
        self.findings.append(Finding(self.now, self.source, "", reason, 1, "", detail, ended))
