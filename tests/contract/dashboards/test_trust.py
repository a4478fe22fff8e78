"""How far a forecast can be trusted stands beside it."""

from dataclasses import replace

import pytest

from tests.contract.api.world import HOUR, client_of, make_world, serve


@pytest.mark.parametrize(
    ("language", "held", "ended"),
    [
        ("en", "range held 88\u00a0% of 240 values", "1 have ended: 0.8 were expected"),
        ("zh", "包含了 240 个数值中的 88\u00a0%", "已有 1 次到期：预计 0.8 次"),
    ],
)
def test_the_page_of_an_asset_tells_what_its_bands_held_and_how_forecasts_ended(
    language, held, ended
):
    service = make_world()
    now = service.now()
    crossing = next(c for c in service.ledger.crossings_held if c.probability is not None)
    over = replace(crossing, origin=now - 6 * HOUR, horizon=3 * HOUR, probability=0.8)
    service.ledger.crossings_held.append(over)
    with serve(service) as base, client_of(base, service.token()) as client:
        page = client.get(f"/assets/{crossing.series.asset}?lang={language}").text
    assert held in page
    assert ended in page
