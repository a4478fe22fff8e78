import pytest

from aiops import plugins
from aiops.testing.forecaster import check_forecaster


@pytest.mark.filterwarnings("ignore")  # the libraries behind some methods warn of their own ways
@pytest.mark.parametrize("name", plugins.list_names("forecasts"))
def test_every_registered_forecaster_keeps_its_contract(name):
    plugin = plugins.load("forecasts", name)
    check_forecaster(plugin.create(plugin.settings()))
