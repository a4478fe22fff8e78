"""Every registered series store keeps the contract."""

import pytest

from aiops import plugins
from aiops.store.open import open_store
from aiops.store.settings import StoreSettings
from aiops.testing.series_store import check_series_store

LOCAL = [n for n in plugins.list_names("stores") if "remote" not in plugins.load("stores", n).tags]


@pytest.mark.parametrize("name", LOCAL)
def test_every_store_without_a_server_keeps_the_contract(name, tmp_path):
    settings = StoreSettings(series=name)
    check_series_store(lambda: open_store(settings, tmp_path), persistent=name != "memory")
