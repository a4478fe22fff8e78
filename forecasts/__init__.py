"""Shelf of forecasts: see aiops.plugins."""

FAMILY = "forecasts"
