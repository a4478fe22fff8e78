"""Shelf of dashboards: see aiops.plugins."""

FAMILY = "dashboards"
