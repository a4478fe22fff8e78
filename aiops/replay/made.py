"""Every forecast that a replay made, as a table, with what came of each."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from aiops.domain.abstention import Abstention
from aiops.domain.instant import to_ns
from aiops.forecast.plan import as_cell
from aiops.replay.kept import Kept, outcomes
from aiops.replay.report import World

RANGE = ("early", "likely", "late")


def made(kept: Kept, world: World) -> pd.DataFrame:
    """Returns one row for each forecast, in the order they were made.

    The range is empty where the probability was too small for it to be kept; ``came`` is 1 or
    0, empty while the time spoken of is not over and where nothing was foretold.
    """
    came, known = outcomes(kept, world)
    claim = kept.claim
    words = np.array([reason.words for reason in Abstention], dtype=object)
    place_of = {reason.value: place for place, reason in enumerate(Abstention)}
    series = [each.series for each in kept.claims]
    rounds = np.array([to_ns(at) for at in kept.rounds], dtype=np.int64)
    ranges = {name: np.full(len(kept), pd.NaT.value) for name in RANGE}
    for place, crossing in kept.whole.items():
        for name, column in ranges.items():
            at = getattr(crossing, name)
            if at is not None:
                column[place] = to_ns(at)
    return pd.DataFrame(
        {
            "made_at": pd.to_datetime(rounds[kept.round], utc=True),
            "asset": np.array([as_cell(key.asset) for key in series], dtype=object)[claim],
            "signal": np.array([as_cell(key.signal) for key in series], dtype=object)[claim],
            "limit": np.array([each.limit for each in kept.claims])[claim],
            "direction": np.array([each.direction.value for each in kept.claims])[claim],
            "origin": pd.to_datetime(kept.origin, utc=True),
            "until": pd.to_datetime(kept.until, utc=True),
            "probability": kept.probability,
            **{name: pd.to_datetime(column, utc=True) for name, column in ranges.items()},
            "abstained": words[[place_of[reason] for reason in kept.reason.tolist()]],
            "came": pd.array(np.where(known, came, pd.NA), dtype="Int8"),
        }
    )


def tally(kept: Kept, world: World) -> tuple[Mapping[str, int], Mapping[Abstention, int]]:
    """Returns how many forecasts came, came not and are not over, and why others said nothing."""
    came, known = outcomes(kept, world)
    spoke = np.isfinite(kept.probability)
    reasons = Counter(kept.reason[~spoke].tolist())
    counts = {
        "came": int(came.sum()),
        "came_not": int((known & ~came).sum()),
        "not_over": int((spoke & ~known).sum()),
    }
    return counts, {Abstention(reason): count for reason, count in reasons.most_common()}
