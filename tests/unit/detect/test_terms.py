"""Teams, groups of assets and metrics with terms of their own."""

from types import SimpleNamespace

from aiops.detect.settings import DetectSettings, MissingPolicy, OverrideSettings
from aiops.detect.terms import Gap, Terms, TermsBook
from aiops.domain.asset import Asset
from aiops.domain.metric import Direction, Metric
from aiops.domain.series import SeriesInfo, SeriesKey

MINUTE = 60 * 10**9
INFOS = [
    SeriesInfo(1, SeriesKey("db-1", "free"), MINUTE),
    SeriesInfo(2, SeriesKey("db-1", "errors"), MINUTE),
    SeriesInfo(3, SeriesKey("web-1", "free"), MINUTE),
    SeriesInfo(4, SeriesKey("stray", "unknown"), MINUTE),
]


def world(version=1):
    return SimpleNamespace(
        version=version,
        assets={"db-1": Asset("db-1", owner="databases"), "web-1": Asset("web-1", owner="web")},
        metrics={
            "free": Metric("free", bad_direction=Direction.DOWN),
            "errors": Metric("errors", bad_direction=Direction.UP),
        },
    )


def test_a_team_a_group_and_a_metric_have_terms_of_their_own_and_later_ones_win():
    settings = DetectSettings(
        overrides=(
            OverrideSettings(team="databases", budget=0.02),
            OverrideSettings(match="web-*", budget=1.0, minimum_effect=0.1),
            OverrideSettings(metric="err*", missing=MissingPolicy.ZERO, budget=0.5),
        )
    )
    terms = Terms.of(settings, INFOS, world())
    assert terms.budget.tolist() == [0.02, 0.5, 1.0, 0.1]
    assert terms.minimum_effect.tolist() == [0.0, 0.0, 0.1, 0.0]
    assert terms.missing.tolist() == [Gap.IGNORE, Gap.ZERO, Gap.IGNORE, Gap.IGNORE]


def test_the_bad_direction_of_a_metric_is_kept_and_of_an_unknown_one_both_are_bad():
    assert Terms.of(DetectSettings(), INFOS, world()).bad.tolist() == [-1, 1, -1, 0]


def test_terms_are_read_anew_when_the_inventory_has_changed():
    known = world()
    book = TermsBook(DetectSettings(), known)
    first = book(INFOS)
    assert book(INFOS) is first
    known.metrics["unknown"] = Metric("unknown", bad_direction=Direction.UP)
    known.version = 2
    assert book(INFOS).bad.tolist() == [-1, 1, -1, 1]
    assert len(book(INFOS[:2]).bad) == 2
