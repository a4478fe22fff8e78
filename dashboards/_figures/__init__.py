"""Plotly figures: pure functions from data to figure; text is always plain text."""

from dashboards._figures.forecast import Signal, forecast_figure, small_figure
from dashboards._figures.text import as_text

__all__ = ["Signal", "as_text", "forecast_figure", "small_figure"]
