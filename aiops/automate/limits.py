"""How much automation there may be, counted over what the ledger says was begun."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiops.automate.settings import AutomateSettings
from aiops.domain.phrase import NO_WORDS, Phrase
from aiops.domain.run import Run, RunState

DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def find_limit(run: Run, begun: Sequence[Run], settings: AutomateSettings, now: datetime) -> Phrase:
    """Returns why a run may not begin now, nothing when it may.

    Args:
        begun: Every run begun in the last 24 h, of whichever daemon.
    """
    running = sum(each.state is RunState.RUNNING for each in begun)
    if running >= settings.at_once:
        return Phrase("run_at_once", {"runs": running, "most": settings.at_once})
    started = [each for each in begun if each.started_at is not None]
    recent = sum(each.started_at > now - _HOUR for each in started if each.started_at)
    if recent >= settings.per_hour:
        return Phrase("run_per_hour", {"runs": recent, "most": settings.per_hour})
    here = sum(each.asset == run.asset for each in started)
    if here >= settings.per_asset:
        most = settings.per_asset
        return Phrase("run_per_asset", {"runs": here, "asset": run.asset, "most": most})
    touched = {each.asset for each in started} | {run.asset}
    if len(touched) > settings.blast_radius:
        most = settings.blast_radius
        return Phrase("run_blast_radius", {"assets": len(touched), "most": most})
    return NO_WORDS
