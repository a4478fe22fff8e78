"""A life model on disk: one zip of JSON, arrays and LightGBM text; never code."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.contracts.errors import InputError, NotEnoughHistory
from aiops.domain.forecast import Life
from aiops.domain.lives import Lives
from aiops.domain.series import FloatArray
from aiops.forecast.life.ages import AgedLife, says_no_more_than_age
from aiops.forecast.life.boosted import FEWEST_UNITS, Boosted, fit_boosted
from aiops.forecast.life.cox import CoxLife, fit_ages_or_hazard
from aiops.forecast.life.features import fill_holes
from aiops.forecast.life.regime import Regimes, find_regimes
from aiops.forecast.life.similar import Similar, fit_similar, smooth

FORMAT: Final = 1
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class FittedLife:
    """What was learnt from a history; answers units that are still alive.

    Attributes:
        sensors: Names in the order of the features.
        instead: ``(n_sensors,)`` reading of a sensor that has not spoken yet.
        boosted: None where there were too few failures.
    """

    sensors: tuple[str, ...]
    instead: FloatArray
    regimes: Regimes
    similar: Similar
    boosted: Boosted | None
    version: str = field(default="life/1")

    def predict(self, lives: Lives) -> Sequence[Life]:
        """Returns p10, p50, p90 and the health (1 new, 0 failed) of each unit.

        Raises:
            InputError: A sensor the model was fitted to is missing.
        """
        lacking = [name for name in self.sensors if name not in lives.sensors]
        if lacking:
            raise InputError(
                [f"column {name!r} is missing; the model needs it" for name in lacking]
            )
        order = [lives.sensors.index(name) for name in self.sensors]
        model = self.boosted or self.similar
        answers = []
        for name, rows in zip(lives.units, lives.rows(), strict=True):
            filled = fill_holes(lives.values[rows][:, order], self.instead)
            values = self.regimes.normalise(filled)
            p10, p50, p90 = model.predict(values, lives.time[rows])
            level = float(smooth(self.similar.index(values))[-1])
            answers.append(Life(name, p10, p50, p90, float(np.clip(1 - level, 0, 1))))
        return answers


def fit_life(lives: Lives, aged: bool = True) -> FittedLife | AgedLife | CoxLife:
    """Learns from units that ran to their failure.

    Args:
        aged: Whether age by itself may be learnt from: not where most of the units are alive.
            Where no sensor changes within a unit there is only age, and the living count too.

    Raises:
        NotEnoughHistory: No unit failed, or none has four rows.
    """
    if says_no_more_than_age(lives):
        return fit_ages_or_hazard(lives)
    lengths = np.diff(lives.cuts)
    usable = int((~lives.censored & (lengths >= 4)).sum())
    if not usable:
        raise NotEnoughHistory(
            "no unit ran to its failure over at least four rows; nothing can be learnt yet"
        )
    moving = np.flatnonzero(_moves(lives.values))
    sensors = tuple(lives.sensors[i] for i in moving.tolist())
    chosen = lives.values[:, moving]
    instead = np.nanmedian(chosen, axis=0)
    filled = np.concatenate([fill_holes(chosen[rows], instead) for rows in lives.rows()])
    held = Lives(lives.units, lives.cuts, lives.time, filled, sensors, lives.censored)
    regimes = find_regimes(held)
    values = regimes.normalise(filled)
    similar = fit_similar(held, values, aged)
    boosted = fit_boosted(held, values, aged) if usable >= FEWEST_UNITS else None
    return FittedLife(sensors, instead, regimes, similar, boosted)


def write_life(model: FittedLife | AgedLife | CoxLife) -> bytes:
    """Returns the model as one file."""
    trees: Sequence[str] = ()
    if isinstance(model, AgedLife | CoxLife):
        arrays = model.arrays()
    else:
        arrays = {"instead": model.instead, **model.regimes.arrays(), **model.similar.arrays()}
        if model.boosted:
            trees = model.boosted.trees
            arrays |= model.boosted.arrays()
    about = {
        "format": FORMAT, "version": model.version, "sensors": model.sensors, "trees": len(trees),
    }  # fmt: skip
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            ("model.json", json.dumps(about).encode()),
            ("arrays.npz", packed.getvalue()),
            *((f"tree{k}.txt", text.encode()) for k, text in enumerate(trees)),
        ):
            # A fixed time, so that equal models are equal files.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def read_life(data: bytes, name: str) -> FittedLife | AgedLife | CoxLife:
    """Reads a model.

    Raises:
        InputError: The file is no model of ours, or of another format.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MOST_BYTES:
                raise InputError([f"{name}: is larger than a model can be"])
            about = json.loads(archive.read("model.json"))
            if about.get("format") != FORMAT:
                raise InputError(
                    [f"{name}: has format {about.get('format')}, not {FORMAT}; fit anew"]
                )
            trees = tuple(archive.read(f"tree{k}.txt").decode() for k in range(about["trees"]))
            with np.load(io.BytesIO(archive.read("arrays.npz")), allow_pickle=False) as held:
                arrays = {key: held[key] for key in held.files}
        if "draws" in arrays:
            return AgedLife.of_arrays(tuple(about["sensors"]), arrays, about["version"])
        if "hazard" in arrays:
            return CoxLife.of_arrays(tuple(about["sensors"]), arrays, about["version"])
        return FittedLife(
            tuple(about["sensors"]),
            arrays["instead"],
            Regimes.of_arrays(arrays),
            Similar.of_arrays(arrays),
            Boosted.of_arrays(arrays, trees) if trees else None,
            about["version"],
        )
    except (zipfile.BadZipFile, KeyError, ValueError, UnicodeDecodeError) as error:
        raise InputError([f"{name}: is not a model written by `aiops try rul fit`"]) from error


def _moves(values: FloatArray) -> FloatArray:
    high = np.where(np.isfinite(values), values, -np.inf).max(axis=0)
    low = np.where(np.isfinite(values), values, np.inf).min(axis=0)
    return np.asarray(high > low)
