"""Stage 1: run collectors in time, check data quality."""
