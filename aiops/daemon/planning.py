"""What-if over the fleet: which series are asked, and with which forecaster."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final, cast

from aiops import plugins
from aiops.contracts.errors import Refused
from aiops.contracts.forecaster import Forecaster
from aiops.contracts.ledger import Ledger
from aiops.domain.asset import Viewer
from aiops.forecast.plan import Plan, Scenario
from aiops.pipeline import Pipeline

MOST: Final = 2000
"""Series in one plan: some seconds of work."""


def plan_ahead(
    pipeline: Pipeline, ledger: Ledger, viewer: Viewer, scenario: Scenario, now: datetime
) -> Plan:
    """Returns how the limited series that a viewer may see go on, as they do and as supposed.

    Always with ``trend``: the other forecasters know no growth.

    Raises:
        Refused: They are too many for one answer.
    """
    like = scenario.asset
    seen = {a.key for a in ledger.assets(viewer) if a.key == like or fnmatchcase(a.key, like)}
    limited = {limit.metric for limit in pipeline.fleet.limits}
    infos = [
        info
        for infos in pipeline.fleet.series_by_step().values()
        for info in infos
        if info.key.asset in seen
        and info.key.metric in limited
        and scenario.metric in ("", info.key.metric)
    ]
    if len(infos) > MOST:
        raise Refused(
            f"{len(infos)} series have a limit, {MOST} can be planned at once; narrow them by "
            "asset or metric"
        )
    infos.sort(key=lambda info: info.key.text)
    settings = plugins.load("forecasts", "trend").settings()
    trend = cast("Forecaster", plugins.create("forecasts", "trend", settings))
    return pipeline.forecast.plan(infos, pipeline.fleet, trend, scenario, now)
