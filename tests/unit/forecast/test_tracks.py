import numpy as np

from aiops.forecast.tracks import form_cohorts, read_tracks


def tracks_of(**series):
    names = [name for name, samples in series.items() for _ in samples]
    times = np.array([t for samples in series.values() for t, _ in samples], dtype=np.int64)
    values = np.array([v for samples in series.values() for _, v in samples], dtype=float)
    return read_tracks(names, times, values)


def test_samples_are_put_in_order_and_the_last_of_equal_times_counts():
    (track,) = tracks_of(a=[(3, 30.0), (1, 10.0), (3, 31.0), (2, 20.0)])
    assert track.times.tolist() == [1, 2, 3]
    assert track.values.tolist() == [10, 20, 31]


def test_a_gap_in_regular_samples_is_an_empty_cell():
    minute = 60 * 10**9
    tracks = tracks_of(a=[(0, 1.0), (minute, 2.0), (2 * minute, 3.0), (4 * minute, 5.0)])
    (cohort,) = form_cohorts(tracks, plain=False)
    assert cohort.panel.step.total_seconds() == 60
    assert cohort.panel.values[0].tolist()[:3] == [1, 2, 3]
    assert np.isnan(cohort.panel.values[0, 3])
    assert not cohort.panel.ordinal


def test_events_without_a_grid_are_columns_of_an_ordinal_panel():
    draw = np.random.default_rng(0)
    times = np.cumsum(draw.integers(1, 10**12, 50))
    tracks = tracks_of(a=list(zip(times.tolist(), range(50), strict=True)))
    (cohort,) = form_cohorts(tracks, plain=False)
    assert cohort.panel.ordinal
    assert cohort.panel.values.shape == (1, 50)


def test_series_of_different_steps_and_lengths_keep_their_place():
    minute = 60 * 10**9
    tracks = tracks_of(
        slow=[(60 * minute * k, k) for k in range(5)],
        fast=[(minute * k, k) for k in range(9)],
        other=[(minute * k, -k) for k in range(4)],
    )
    cohorts = form_cohorts(tracks, plain=False)
    place = {int(p): c.panel.values[i, -1] for c in cohorts for i, p in enumerate(c.positions)}
    assert place == {0: 4, 1: 8, 2: -3}
