"""config.yaml → frozen settings; all errors at once."""
