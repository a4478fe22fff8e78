"""config.yaml to frozen settings; all errors at once, each with file, line, column and key."""

from aiops.config.reader import default, load, parse, plugin_settings
from aiops.config.settings import Settings

__all__ = ["Settings", "default", "load", "parse", "plugin_settings"]
