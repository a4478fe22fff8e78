"""Stage 3b: panel → quantiles → time to limit."""
