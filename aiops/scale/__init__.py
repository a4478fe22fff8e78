"""Executors: local processes, Dask."""
