"""One VictoriaMetrics for the tests that do not hurt it."""

import pytest

from tests.integration.stores.servers import missing, victoria_metrics


@pytest.fixture(scope="session")
def victoria(tmp_path_factory):
    why = missing("victoria-metrics")
    if why:
        pytest.skip(f"not run: {why}")
    server = victoria_metrics(tmp_path_factory.mktemp("vm"))
    server.start()
    yield server
    server.stop()
