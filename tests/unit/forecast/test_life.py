import numpy as np
import pytest
from typer.testing import CliRunner

from aiops.cli import build
from aiops.contracts.errors import InputError, NotEnoughHistory
from aiops.contracts.life import LifeModel
from aiops.domain.lives import Lives
from aiops.forecast.life.features import fill_holes, unit_features
from aiops.forecast.life.model import fit_life, read_life, write_life
from aiops.forecast.life.regime import find_regimes


def wearing(units=4, seed=0, switch=False, censored=()):
    """Units whose wear climbs to 1 at their failure, seen through noise and an idle sensor."""
    draw = np.random.default_rng(seed)
    parts, times, cuts = [], [], [0]
    for _ in range(units):
        n = int(draw.integers(80, 140))
        wear = np.linspace(0, 1, n) ** 2 + draw.normal(0, 0.02, n)
        idle = draw.normal(0, 1, n)
        setting = draw.integers(0, 3, n) * 10.0 if switch else np.zeros(n)
        parts.append(np.stack([wear + 5 * setting, idle, setting], axis=1))
        times.append(np.arange(n, dtype=float))
        cuts.append(cuts[-1] + n)
    flags = np.array([u in censored for u in range(units)])
    names = tuple(f"u{u}" for u in range(units))
    sensors = ("wear", "idle", "setting")
    return Lives(
        names, np.array(cuts), np.concatenate(times), np.concatenate(parts), sensors, flags
    )


def cut_short(lives, share):
    keep = np.concatenate(
        [np.arange(r.start, r.start + int(share * (r.stop - r.start))) for r in lives.rows()]
    )
    cuts = np.cumsum([0, *(int(share * (r.stop - r.start)) for r in lives.rows())])
    left = np.array([r.stop - r.start for r in lives.rows()]) - np.diff(cuts)
    short = Lives(
        lives.units, cuts, lives.time[keep], lives.values[keep], lives.sensors, lives.censored
    )
    return short, left


@pytest.mark.parametrize("units", [3, 9])
def test_what_remains_is_told_within_a_fifth_of_a_life(units):
    model = fit_life(wearing(units))
    assert isinstance(model, LifeModel)
    living, left = cut_short(wearing(5, seed=9), 0.7)
    answers = model.predict(living)
    assert [a.asset for a in answers] == list(living.units)
    assert all(0 <= a.p10 <= a.p50 <= a.p90 for a in answers)
    assert np.median(np.abs([a.p50 for a in answers] - left)) < 25
    inside = np.mean([a.p10 <= t <= a.p90 for a, t in zip(answers, left, strict=True)])
    assert inside >= 0.6


def test_health_falls_with_wear():
    model = fit_life(wearing(4))
    new, _ = cut_short(wearing(3, seed=5), 0.2)
    old, _ = cut_short(wearing(3, seed=5), 0.95)
    for young, aged in zip(model.predict(new), model.predict(old), strict=True):
        assert 0 <= aged.health < young.health <= 1


def test_a_unit_is_answered_from_its_own_rows_alone():
    model = fit_life(wearing(8))
    living, _ = cut_short(wearing(5, seed=9), 0.6)
    together = model.predict(living)
    alone = [model.predict(living.take(np.array([u])))[0] for u in range(5)]
    assert list(together) == alone


@pytest.mark.parametrize("units", [3, 8])
def test_a_model_is_the_same_after_its_way_over_the_disk(units):
    model = fit_life(wearing(units))
    data = write_life(model)
    living, _ = cut_short(wearing(3, seed=2), 0.5)
    assert list(read_life(data, "m").predict(living)) == list(model.predict(living))
    assert write_life(fit_life(wearing(units))) == data


def test_regimes_are_found_where_settings_switch_and_not_where_they_do_not():
    assert len(find_regimes(wearing(4)).centres) == 1
    regimes = find_regimes(wearing(4, switch=True))
    assert len(regimes.centres) == 3
    lives = wearing(4, switch=True)
    normal = regimes.normalise(lives.values)
    for level in (0.0, 10.0, 20.0):
        assert abs(normal[lives.values[:, 2] == level, 0].mean()) < 0.05


def test_wear_shows_through_the_switching_of_regimes():
    model = fit_life(wearing(6, switch=True))
    living, left = cut_short(wearing(5, seed=9, switch=True), 0.7)
    told = np.array([a.p50 for a in model.predict(living)])
    assert np.median(np.abs(told - left)) < 25


def test_units_that_never_failed_are_no_failures():
    with pytest.raises(NotEnoughHistory, match="no unit ran to its failure"):
        fit_life(wearing(3, censored=(0, 1, 2)))
    assert len(fit_life(wearing(3, censored=(1,))).similar.span) == 2


def test_a_missing_sensor_is_named():
    model = fit_life(wearing(3))
    living, _ = cut_short(wearing(1), 0.5)
    blind = Lives(
        living.units, living.cuts, living.time, living.values[:, 1:], ("idle", "setting"),
        living.censored,
    )  # fmt: skip
    with pytest.raises(InputError, match="'wear' is missing"):
        model.predict(blind)


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_file_that_is_no_model_says_so(data):
    with pytest.raises(InputError, match="not a model"):
        read_life(data, "m")


def test_features_of_a_prefix_are_the_prefix_of_the_features():
    draw = np.random.default_rng(0)
    values, time = draw.normal(0, 1, (60, 2)), np.arange(60.0)
    whole = unit_features(values, time, (3, 9, 20))
    part = unit_features(values[:35], time[:35], (3, 9, 20))
    np.testing.assert_allclose(part, whole[:35])


def test_holes_carry_the_last_reading_on():
    values = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan]])
    filled = fill_holes(values, np.array([9.0, 9.0]))
    assert filled.tolist() == [[9, 1], [2, 1], [2, 1]]


def test_a_sensor_that_is_missing_is_told_with_its_file(tmp_path):
    rows = [f"u{u},{t},{t / 40},{1 - t / 40}" for u in range(3) for t in range(40)]
    (tmp_path / "history.csv").write_text("unit,time,a,b\n" + "\n".join(rows) + "\n")
    (tmp_path / "living.csv").write_text("unit,time,a\nu9,1,0.1\nu9,2,0.2\n")
    run = CliRunner().invoke
    history, model = str(tmp_path / "history.csv"), str(tmp_path / "model")
    assert run(build(), ["try", "rul", "fit", history, "--out", model]).exit_code == 0
    living, out = str(tmp_path / "living.csv"), str(tmp_path / "rul.csv")
    told = run(build(), ["try", "rul", "predict", model, living, "--out", out]).exception
    assert isinstance(told, InputError)
    assert told.problems == [f"{living}: column 'b' is missing; the model needs it"]
    assert not (tmp_path / "rul.csv").exists()
