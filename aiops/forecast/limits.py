"""When a limit counts as met."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.domain.series import FloatArray

SLACK: Final = 1e-6
"""The live window keeps float32 distances: a full volume may read 0.99999998. A value within a
millionth of its limit has met it."""


def is_met(values: FloatArray, limits: FloatArray, up: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns where values have met their limits; NaN has not. Shapes broadcast.

    >>> is_met(np.array([0.99999998, 0.99, 0.2]), np.array([1.0, 1.0, 0.1]), np.array([True] * 3))
    array([ True, False,  True])
    """
    slack = SLACK * np.abs(np.where(np.isfinite(limits), limits, 0.0))
    return np.asarray(np.where(up, values >= limits - slack, values <= limits + slack))
