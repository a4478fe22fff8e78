"""Real servers, one of each for the whole session."""

import pytest

from tests.integration.request_tracker import missing, running_tracker


@pytest.fixture(scope="session")
def request_tracker():
    """A real Request Tracker, or a skip that says why there is none."""
    why = missing()
    if why:
        pytest.skip(f"not run: {why}")
    with running_tracker() as tracker:
        yield tracker
