"""How much automation there may be, counted over what the ledger says was begun."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiops.automate.settings import AutomateSettings
from aiops.domain.run import Run, RunState

DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def find_limit(run: Run, begun: Sequence[Run], settings: AutomateSettings, now: datetime) -> str:
    """Returns why a run may not begin now, empty when it may.

    Args:
        begun: Every run begun in the last 24 h, of whichever daemon.
    """
    running = sum(each.state is RunState.RUNNING for each in begun)
    if running >= settings.at_once:
        return f"{running} runs at once (automate.at_once {settings.at_once})"
    started = [each for each in begun if each.started_at is not None]
    recent = sum(each.started_at > now - _HOUR for each in started if each.started_at)
    if recent >= settings.per_hour:
        return f"{recent} runs in the last hour (automate.per_hour {settings.per_hour})"
    here = sum(each.asset == run.asset for each in started)
    if here >= settings.per_asset:
        return f"{here} runs on {run.asset} in 24 h (automate.per_asset {settings.per_asset})"
    touched = {each.asset for each in started} | {run.asset}
    if len(touched) > settings.blast_radius:
        return f"{len(touched)} assets in 24 h (automate.blast_radius {settings.blast_radius})"
    return ""
