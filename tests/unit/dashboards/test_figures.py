import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboards._figures import Signal, as_text, forecast_figure, small_figure
from dashboards._render import figure_json
from dashboards._words import Words

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def _signal(**changes) -> Signal:
    given = {
        "name": "disk",
        "metric": "system.filesystem.utilization",
        "unit": "1",
        "times": [NOW - HOUR, NOW - HOUR / 2, NOW],
        "values": [0.7, float("nan"), 0.8],
        "at": NOW,
        "future": [NOW + HOUR, NOW + 2 * HOUR],
        "levels": LEVELS,
        "quantiles": [[0.80, 0.81, 0.82, 0.83, 0.84], [0.81, 0.83, 0.85, 0.87, 0.89]],
        "limit": 0.9,
        "early": NOW + HOUR,
        "likely": NOW + 2 * HOUR,
        "late": NOW + 3 * HOUR,
    }
    return Signal(**{**given, **changes})


def _drawn(signal: Signal, zone: str = "UTC"):
    return json.loads(forecast_figure(signal, Words("en", zone)).to_json())


def test_history_is_solid_and_a_gap_stays_a_gap():
    history = next(t for t in _drawn(_signal())["data"] if t["name"] == "measured")
    assert history["y"] == [70.0, None, 80.0]
    assert "dash" not in history["line"]


def test_the_bands_are_the_ninety_and_fifty_per_cent_quantiles():
    filled = [t for t in _drawn(_signal())["data"] if t.get("fill") == "tonexty"]
    assert [t["name"].replace("\u00a0", " ") for t in filled] == ["90 % range", "50 % range"]
    assert filled[0]["y"] == pytest.approx([84.0, 89.0])
    assert filled[1]["y"] == pytest.approx([83.0, 87.0])


def test_the_middle_is_dashed():
    middle = next(t for t in _drawn(_signal())["data"] if t["name"] == "expected")
    assert middle["line"]["dash"] == "dash"
    assert middle["y"] == pytest.approx([82.0, 85.0])


def test_the_limit_the_crossing_and_now_are_marked():
    layout = _drawn(_signal())["layout"]
    now, crossing, limit = layout["shapes"]
    assert now["x0"] == now["x1"] == "2026-11-24T12:00:00.000"
    span = ("2026-11-24T13:00:00.000", "2026-11-24T15:00:00.000")
    assert (crossing["x0"], crossing["x1"]) == span
    assert limit["y0"] == limit["y1"] == pytest.approx(90.0)
    assert [note["text"] for note in layout["annotations"]] == [
        "now",
        "limit expected here",
        "limit 90 %",
    ]


def test_times_are_drawn_in_the_zone_of_the_asset():
    drawn = _drawn(_signal(), "Asia/Shanghai")
    assert drawn["data"][-1]["x"][-1] == "2026-11-24T20:00:00.000"
    assert "Asia/Shanghai" in drawn["layout"]["xaxis"]["title"]["text"]


def test_without_a_forecast_only_history_and_limit_are_drawn():
    drawn = _drawn(_signal(future=(), levels=(), quantiles=(), early=None, likely=None, late=None))
    assert [trace["name"] for trace in drawn["data"]] == ["measured"]
    assert len(drawn["layout"]["shapes"]) == 2


def test_levels_without_pairs_draw_the_middle_alone():
    signal = _signal(levels=(0.5, 0.9), quantiles=[[0.82, 0.9], [0.85, 0.95]])
    assert [t["name"] for t in _drawn(signal)["data"]] == ["expected", "measured"]


def test_a_single_point_is_seen():
    figure = small_figure(_signal(times=[NOW], values=[0.7]), Words("en"))
    assert figure.to_dict()["data"][0]["mode"] == "lines+markers"


@pytest.mark.parametrize(
    "payload",
    [
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        r"$\href{javascript:alert(1)}{x}$",
        "%{customdata}",
        "&lt;b&gt;",
        "</script><script>alert(1)</script>",
    ],
)
def test_foreign_text_cannot_be_markup_in_a_figure(payload):
    text = as_text(payload)
    assert "<" not in text
    assert "$" not in text
    assert "%{" not in text
    figure = forecast_figure(_signal(unit=payload), Words("en"))
    raw = str(figure_json(figure))
    assert "<" not in raw
    assert json.loads(raw)["layout"]["yaxis"]["title"]["text"] == as_text(payload)
