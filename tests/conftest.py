"""What holds for every test."""

import atexit
import os
import sys
import tempfile

import pytest
from hypothesis import settings

from tests.integration.request_tracker import missing, running_tracker

# The same examples in every run of the checks; a person's own runs look for new ones.
settings.register_profile("checks", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("checks")

if sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ:
    # The command is started some hundred times: what the first start compiles, the others read.
    _compiled = tempfile.TemporaryDirectory(prefix="aiops-compiled-")
    atexit.register(_compiled.cleanup)
    os.environ |= {"PYTHONPYCACHEPREFIX": _compiled.name, "PYTHONDONTWRITEBYTECODE": ""}


@pytest.fixture(scope="session")
def request_tracker():
    """A real Request Tracker, one for the whole session, or a skip that says why there is none."""
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    with running_tracker() as tracker:
        yield tracker
