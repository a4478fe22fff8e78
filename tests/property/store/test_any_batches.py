"""Any batches, in any order, repeated and split, leave the same samples as a dictionary."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.domain.panel import Aggregation
from aiops.domain.series import Samples, SeriesKey
from aiops.domain.step import DAY, HOUR, MINUTE
from aiops.store.catalogue import MemoryCatalogue
from aiops.store.open import open_store
from aiops.store.panels import LivePanels
from aiops.store.settings import StoreSettings
from aiops.testing.panels import MONDAY

KEYS = tuple(SeriesKey("a", f"m{number}") for number in range(4))
SAMPLE = st.tuples(
    st.integers(0, 3), st.integers(-3, 40).map(lambda k: k * 37 * MINUTE), st.integers(0, 9)
)
BATCH = st.lists(SAMPLE, max_size=12)
STEP = st.one_of(
    BATCH.map(lambda rows: ("append", rows)),
    st.just(("again", [])),
    st.integers(0, 3).map(lambda day: ("rollup", [day])),
    st.just(("reopen", [])),
)


def to_samples(rows):
    ids = np.array([row[0] for row in rows], np.int64)
    times = np.array([row[1] for row in rows], np.int64) + MONDAY
    return Samples(ids, times, np.array([row[2] for row in rows], np.float64))


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_a_store_holds_what_a_dictionary_would(engine, tmp_path_factory):
    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(st.lists(STEP, min_size=1, max_size=8))
    def holds(steps):
        where = StoreSettings(series=engine, settings={"threads": 1} if engine == "duckdb" else {})
        folder = tmp_path_factory.mktemp("store")
        store = open_store(where, folder)
        model, last = {}, []
        for what, rows in steps:
            if what == "append":
                last = rows
            if what in {"append", "again"}:
                store.append(to_samples(last))
                model.update({(number, MONDAY + at): float(v) for number, at, v in last})
            elif what == "rollup":
                store.rollup(MONDAY - DAY, MONDAY + rows[0] * DAY)
            elif engine == "duckdb":
                store.close()
                store = open_store(where, folder)
        found = store.samples(np.arange(4), MONDAY - DAY, MONDAY + 3 * DAY)
        counted = store.panel(
            np.arange(4),
            MONDAY - DAY,
            MONDAY + 3 * DAY,
            timedelta(hours=1),
            Aggregation.COUNT,
        )
        store.close()
        wanted = sorted((number, at, value) for (number, at), value in model.items())
        triples = zip(found.ids.tolist(), found.times.tolist(), found.values.tolist(), strict=True)
        assert list(triples) == wanted
        assert np.nansum(counted.values) == len(model)

    holds()


@settings(max_examples=60, deadline=None)
@given(st.lists(BATCH, min_size=1, max_size=10), st.integers(0, 15))
def test_the_live_window_and_the_store_give_the_same_panel(batches, counters):
    import tempfile
    from pathlib import Path

    where = StoreSettings(series="memory", window=timedelta(hours=20))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(where, folder)
        catalogue = MemoryCatalogue()
        is_counter = np.array([bool(counters >> k & 1) for k in range(4)])
        ids = catalogue.ids(KEYS, 10 * MINUTE, is_counter.tolist())
        live = LivePanels(store, catalogue, folder, where)
        newest = 0
        for batch in batches:
            samples = to_samples(batch)
            live.ingest(samples)
            newest = max([newest, *samples.times.tolist()])
        if newest:
            end = (newest // (10 * MINUTE) + 1) * 10 * MINUTE
            asked = (ids, end - 20 * HOUR, end, timedelta(minutes=10))
            shown = live.panel(*asked)
            stored = store.panel(*asked, counters=is_counter)
            np.testing.assert_allclose(shown.values, stored.values, rtol=1e-6, atol=1e-5)
            assert (shown.quality == stored.quality).all()
            assert live.hits == 1
        live.close()
