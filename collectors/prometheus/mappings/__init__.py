"""One module per known exporter, each with its ``MAPPING``."""
