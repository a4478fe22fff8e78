"""What holds for every test."""

import os

from hypothesis import settings

# The same examples in every run of the checks; a person's own runs look for new ones.
settings.register_profile("checks", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("checks")
