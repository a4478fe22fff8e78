"""An asset whose signals are strange together: the incident names those that stand out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiops.domain.anomaly import TOGETHER, Anomaly, Guilty, Shape
from aiops.domain.asset import Asset
from aiops.domain.incident import Stage
from aiops.domain.metric import Direction, Metric
from aiops.domain.series import SeriesKey
from aiops.incident.open import Opening, open_strange

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
OPENING = Opening(
    installation="i",
    assets={"db": Asset("db")},
    metrics={"latency": Metric("latency", "s", bad_direction=Direction.UP)},
    stage=Stage.ACT,
    window_end=0,
    evidence=lambda _crossing: {},
    default_repair_lead=timedelta(hours=4),
)
GUILTY = (
    Guilty(SeriesKey("db", "latency"), 0.6),
    Guilty(SeriesKey.of("db", "queue", {"name": "in"}), 0.3),
)
TOGETHER_ANOMALY = Anomaly(
    SeriesKey("db", TOGETHER), NOW, None, 7.0, 7.0, Shape.SHIFT, Direction.UP, 2.0, 0.0, "joint",
    GUILTY,
)  # fmt: skip
ALONE = replace(
    TOGETHER_ANOMALY, series=SeriesKey("db", "latency"), value=0.4, expected=0.1, guilty=()
)


def test_the_sentence_names_the_signals_and_the_evidence_ranks_them():
    incident = open_strange(OPENING, [TOGETHER_ANOMALY], (), 1.0, NOW)
    assert "unusual together: latency, queue{name=in}" in incident.sentence["en"]
    assert "同时异常：latency、queue{name=in}" in incident.sentence["zh"]
    assert [(g["metric"], g["share"]) for g in incident.evidence["guilty"]] == [
        ("latency", 0.6),
        ("queue", 0.3),
    ]
    assert "value" not in incident.evidence  # a number of signals is no value of a metric


def test_a_signal_of_its_own_leads_and_the_guilty_ones_stand_in_its_evidence():
    incident = open_strange(OPENING, [ALONE, TOGETHER_ANOMALY], (), 1.0, NOW)
    assert incident.series == ALONE.series
    assert incident.evidence["value"] == 0.4
    assert incident.evidence["guilty"][0]["asset"] == "db"


def test_without_a_joint_anomaly_nobody_is_called_guilty():
    assert "guilty" not in open_strange(OPENING, [ALONE], (), 1.0, NOW).evidence
