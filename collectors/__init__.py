"""Shelf of collectors: see aiops.plugins."""

FAMILY = "collectors"
