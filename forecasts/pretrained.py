"""Pretrained: a seat for a model whose weights lie on disk, as an ONNX file.

How it works: the model is given the newest cells of each series, ``(n, cells)`` float32, and
answers quantiles, ``(n, steps, levels)`` or ``(n, levels, steps)``, as Chronos-Bolt, TimesFM, Toto
and others do inside. Each series is brought to mean 0 and spread 1 and back. If more steps are
asked for than the model answers, it is asked again after its own median. A quantile of each step
tells nothing of how steps hang together: futures take their ranks from stretches of the series'
own past, so that a first crossing has a probability.

When it works: where the model was trained on the like. When it does not: nobody can say
beforehand; hold it against ``auto`` on your own data first.

Source: ranks from the past as in Clark, Gangopadhyay, Hay, Rajagopalan and Wilby (2004), "The
Schaake shuffle".
"""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from aiops.contracts.errors import NotEnoughHistory, PluginError
from aiops.contracts.plugin import Plugin, Stability
from aiops.domain.forecast import Forecast, Known
from aiops.domain.panel import Panel
from aiops.domain.series import FloatArray
from aiops.domain.state import State
from forecasts._history import read_history
from forecasts._within import within

_FUTURES: Final = 100


@dataclass(frozen=True, slots=True)
class PretrainedSettings:
    """Where the model is, and what it takes and answers."""

    weights: str = field(default="", metadata={"help": "Path of the ONNX file."})
    context: int = field(default=512, metadata={"help": "Newest cells the model is given."})
    levels: tuple[float, ...] = field(
        default=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        metadata={"help": "Levels of the quantiles that the model answers, rising."},
    )
    minimum_cells: int = field(
        default=24, metadata={"help": "Fewer samples are too short a history."}
    )


class Pretrained:
    """Forecasts by asking a model on disk; see the module's text."""

    version = "pretrained/1"
    cost = 50.0

    def __init__(self, settings: PretrainedSettings) -> None:
        import onnxruntime

        path = Path(settings.weights)
        if not settings.weights or not path.is_file():
            raise PluginError(
                f"forecasts: pretrained finds no weights at {settings.weights!r}; set "
                "forecast.settings.weights to the ONNX file of your model"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._settings = settings
        self._levels = np.asarray(settings.levels, dtype=np.float64)

    def update(self, model: State | None, panel: Panel) -> State:
        """Learns nothing: what there is to know lies in the file."""
        del model
        return State(self.version, {"unit": np.arange(len(panel.series))})

    def forecast(
        self, model: State, panel: Panel, horizon: int, levels: FloatArray, known: Known
    ) -> Forecast:
        """Returns the model's quantiles, and futures arranged after the past.

        Raises:
            NotEnoughHistory: No row has enough good cells.
            PluginError: The model's answer has another shape than was declared.
        """
        del model
        history = read_history(panel, self._settings.minimum_cells)
        rows = np.flatnonzero(history.reason == 0)
        if not len(rows):
            raise NotEnoughHistory(
                f"none of {len(panel.series)} series has {self._settings.minimum_cells} good "
                "cells that change; wait for more samples"
            )
        past = history.values[rows][:, -self._settings.context :]
        told = self._ask(past, horizon)
        n = len(panel.series)
        quantiles = np.full((n, horizon, len(levels)), np.nan)
        quantiles[rows] = within(_between(told, self._levels, levels), known, rows)
        paths = np.full((n, _FUTURES, horizon), np.nan, dtype=np.float32)
        for row, own, course in zip(rows.tolist(), told, past, strict=True):
            paths[row] = within(self._arrange(own, course, horizon), known, row)
        end = int(panel.times[-1]) + panel.step_ns
        return Forecast(
            panel.series, end, panel.step, levels, quantiles, history.reason, "pretrained",
            self.version, paths,
        )  # fmt: skip

    def _ask(self, past: FloatArray, horizon: int) -> FloatArray:
        """Returns ``(n, horizon, n_model_levels)``, ascending in the level."""
        middle = past.mean(axis=1, keepdims=True)
        spread = np.maximum(past.std(axis=1, keepdims=True), 1e-12)
        context = (past - middle) / spread
        width = context.shape[1]
        parts: list[FloatArray] = []
        while sum(part.shape[1] for part in parts) < horizon:
            told = self._session.run(None, {self._input: context.astype(np.float32)})[0]
            part = np.sort(self._turn(np.asarray(told, dtype=np.float64)), axis=2)
            parts.append(part)
            median = _between(part, self._levels, np.array([0.5]))[:, :, 0]
            context = np.concatenate([context, median], axis=1)[:, -width:]
        whole = np.concatenate(parts, axis=1)[:, :horizon]
        return np.asarray(whole * spread[:, :, None] + middle[:, :, None])

    def _turn(self, told: FloatArray) -> FloatArray:
        count = len(self._levels)
        if told.ndim == 3 and told.shape[2] == count:
            return told
        if told.ndim == 3 and told.shape[1] == count:
            return np.moveaxis(told, 1, 2)
        raise PluginError(
            f"forecasts: pretrained model {self._settings.weights} answers {told.shape}; wanted "
            f"are series × steps × {count} levels: set forecast.settings.levels to its levels"
        )

    def _arrange(self, told: FloatArray, past: FloatArray, horizon: int) -> FloatArray:
        """Returns ``(n_paths, horizon)`` whose ranks are those of stretches of the past."""
        begins = np.linspace(0, max(len(past) - 1 - horizon, 1), _FUTURES).astype(np.int64)
        cells = begins[:, None] + np.arange(1, horizon + 1)
        rises = past[np.minimum(cells, len(past) - 1)] - past[begins][:, None]
        rank = rises.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        shares = (np.arange(_FUTURES) + 0.5) / _FUTURES
        ordered = _between(told[None], self._levels, shares)[0]
        return np.take_along_axis(ordered.T, rank, axis=0)


def _between(told: FloatArray, known: FloatArray, wanted: FloatArray) -> FloatArray:
    """Returns quantiles at other levels, on lines in the normal scale, the last ones drawn on.

    Args:
        told: ``(n, horizon, n_known)``.
    """
    grid, at = (
        np.array([NormalDist().inv_cdf(float(level)) for level in levels])
        for levels in (known, wanted)
    )
    place = np.clip(np.searchsorted(grid, at), 1, len(grid) - 1)
    share = (at - grid[place - 1]) / (grid[place] - grid[place - 1])
    low, high = told[:, :, place - 1], told[:, :, place]
    return np.asarray(low + share * (high - low))


PLUGIN: Final = Plugin(
    "A seat for a pretrained model whose weights lie on disk (ONNX)",
    PretrainedSettings,
    Pretrained,
    stability=Stability.BETA,
    tags=("fleet", "paths"),
)
