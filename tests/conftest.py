"""What holds for every test."""

import atexit
import os
import sys
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from tests.integration.request_tracker import missing, running_tracker

# The same examples in every run, and no example is wrong because the machine is slow; whoever
# looks for new ones says `pytest --hypothesis-profile=new`.
_UNHURRIED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("new", **_UNHURRIED)
settings.register_profile("checks", derandomize=True, **_UNHURRIED)
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
