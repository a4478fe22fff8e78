"""Executors: one module each."""

FAMILY = "executors"
