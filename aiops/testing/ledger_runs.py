"""What every ledger must keep of runs and changes; part of :func:`check_ledger`."""
# ruff: noqa: S101  # a checker speaks in assertions, as the tests that call it

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiops.contracts.collector import Inventory
from aiops.contracts.ledger import Ledger
from aiops.domain.answer import Answer
from aiops.domain.asset import SYSTEM, Asset, Viewer
from aiops.domain.change import Change
from aiops.domain.run import (
    Approval,
    Phase,
    PlannedStep,
    Run,
    RunReason,
    RunState,
    StepResult,
    Tier,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_DBA = Viewer("ada", teams=frozenset({"dba"}))
_NOBODY = Viewer("eve")


def example_run(identity: str = "r1", asset: str = "db-07") -> Run:
    """Returns a run that has every field filled."""
    return Run(
        identity,
        "free-space",
        Tier.HIGH,
        "ab" * 32,
        asset,
        (PlannedStep(Phase.DO, "clean", "run", ("/bin/true", "--", asset)),),
        "cd" * 32,
        "ef" * 32,
        2,
        "system",
        NOW,
        NOW + timedelta(hours=4),
        RunState.PROPOSED,
        RunReason.PROPOSED_WITH_INCIDENT,
        title={"en": "Free space", "zh": "释放空间"},
        approvals=(Approval("ada", NOW, "ef" * 32),),
        started_at=NOW,
        results=(StepResult(Phase.DO, "clean", True, "exit code 0", 0.5, "done\n"),),
    )


def check_runs(make: Callable[[str], Ledger]) -> None:
    """Checks that each version of a run is taken once, and seen by whom it concerns."""
    run = example_run()
    owner = Inventory(assets=(Asset("db-07", owner="dba"),))
    with closing(make("runs")) as ledger:
        ledger.put_inventory("s", owner, NOW)
        with ledger.begin() as tx:
            assert tx.put_run(run), "the first version of a run must be taken"
            assert not tx.put_run(run), "a version is taken once"
        done = replace(run, version=2, state=RunState.SUCCEEDED, verified=True)
        with ledger.begin() as tx:
            assert tx.put_run(done), "the next version must be taken"
            assert not tx.put_run(replace(done, detail="late")), "and no other one beside it"
            assert tx.put_run(example_run("r2", "nas"))
    with closing(make("runs")) as ledger:
        assert ledger.run(SYSTEM, "r1") == done, "a run must come back as it was"
        assert ledger.run(_NOBODY, "r1") is None
        assert [each.id for each in ledger.runs(_DBA)] == ["r1"]
        assert [each.id for each in ledger.runs(SYSTEM, states=[RunState.PROPOSED])] == ["r2"]
        assert len(ledger.runs(SYSTEM, incident="ab" * 32, started_since=NOW)) == 2
        later = NOW + timedelta(seconds=1)
        assert ledger.runs(SYSTEM, started_since=later) == []
        assert ledger.verified_runs("free-space", "cd" * 32) == 1
        assert ledger.verified_runs("free-space", "other") == 0, "another edition is unproven"


def check_changes(make: Callable[[str], Ledger]) -> None:
    """Checks that changes come back, and are seen by whom they concern."""
    hour = timedelta(hours=1)
    one = Change("c1", NOW, NOW + hour, "deploy", "v2", "db-07", by="ada", recorded_at=NOW)
    two = Change("c2", NOW + hour, NOW + 2 * hour, "config", service="shop")
    assets = (Asset("db-07", owner="dba"), Asset("web-01", owner="web", service="shop"))
    with closing(make("changes")) as ledger:
        ledger.put_inventory("s", Inventory(assets=assets), NOW)
        with ledger.begin() as tx:
            tx.put_change(two)
            tx.put_change(one)
            tx.put_change(one)
        assert ledger.changes(SYSTEM, NOW, NOW + 2 * hour) == [one, two]
        assert ledger.changes(SYSTEM, NOW + 2 * hour, NOW + 3 * hour) == [two]
        assert ledger.changes(_DBA, NOW, NOW + 9 * hour) == [one], "seen with the asset"
        web = Viewer("bo", teams=frozenset({"web"}))
        assert ledger.changes(web, NOW, NOW + 9 * hour) == [two], "or with any of the service"


def check_answers(make: Callable[[str], Ledger]) -> None:
    """Checks that the newest answer about an incident counts, and for whom."""
    answer = Answer("ab" * 32, "db-07", 5, NOW, "ada", "quick")
    with closing(make("answers")) as ledger:
        ledger.put_inventory("s", Inventory(assets=(Asset("db-07", owner="dba"),)), NOW)
        with ledger.begin() as tx:
            tx.put_answer(replace(answer, score=1))
            tx.put_answer(answer)
        assert ledger.answers(_DBA) == [answer], "a later answer must replace the earlier one"
        assert ledger.answers(_NOBODY) == []
        assert ledger.ticketed(["ab" * 32]) == frozenset()
