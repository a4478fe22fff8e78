"""Shelf of detectors: see aiops.plugins."""

FAMILY = "detectors"
