"""A run acts at most once, and only as it was approved; the programs are real."""

import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops.automate.desk import Desk
from aiops.automate.runbook import Step
from aiops.automate.settings import AllowSettings, AutomateSettings
from aiops.contracts.errors import Refused
from aiops.contracts.secret import Secret
from aiops.domain.asset import SYSTEM
from aiops.domain.incident import Stage
from aiops.domain.run import Phase, RunReason, RunState, Tier
from aiops.ledger.open import open_ledger
from aiops.testing.ledger_runs import example_run
from tests.unit.automate.scene import NOW, ON, a_runbook, an_incident, device, scene


def touch(path):
    return Step(f"touch {path.name}", run=("touch", str(path)))


def sh(script, *words):
    return Step("script", run=(sys.executable, "-c", script, *words))


def test_an_approved_run_does_its_steps_checks_itself_and_is_audited(tmp_path):
    made = tmp_path / "made"
    book = a_runbook(
        steps=(touch(made), sh("print('done')")), verify=(Step("check", run=("ls", str(made))),)
    )
    with scene(tmp_path, book) as world:
        run = world.carry_out(an_incident(), "ada")
        assert made.exists()
        assert (run.state, run.reason, run.verified) == (
            RunState.SUCCEEDED,
            RunReason.VERIFIED,
            True,
        )
        assert [r.phase for r in run.results] == [Phase.DO, Phase.DO, Phase.VERIFY]
        assert run.results[1].output == "done\n"
        what = [row.what for row in reversed(world.ledger.audit_rows())]
        assert what[:3] == ["propose run", "approve run", "begin run"]
        assert what[-1] == "end run"
        assert world.ledger.verify_audit() is None


def test_nothing_is_proposed_while_automation_is_off_or_the_incident_is_in_the_shadow(tmp_path):
    with scene(tmp_path, a_runbook(), settings=AutomateSettings()) as world:
        world.open(an_incident())
        world.tick(an_incident())
        assert world.ledger.runs(SYSTEM) == []
        world.start(a_runbook())
        world.tick(an_incident(stage=Stage.SHADOW))
        assert world.ledger.runs(SYSTEM) == []
        world.tick(an_incident())
        assert world.run().state is RunState.PROPOSED


def test_high_risk_needs_two_different_people_and_none_may_be_who_asked(tmp_path):
    with scene(tmp_path, a_runbook(tier=Tier.HIGH)) as world:
        incident = an_incident()
        world.open(incident)
        run = world.desk.ask(incident, "free-space", "ada", {}, world.now)
        with pytest.raises(Refused, match="asked for"):
            world.desk.approve(run, run.digest, "ada", world.now)
        run = world.desk.approve(run, run.digest, "bo", world.now)
        with pytest.raises(Refused, match="already"):
            world.desk.approve(run, run.digest, "bo", world.now)
        world.tick(incident)
        assert world.run().state is RunState.PROPOSED
        run = world.desk.approve(run, run.digest, "cy", world.now)
        assert run.state is RunState.APPROVED
        world.tick(incident)
        assert world.wait().state is RunState.SUCCEEDED


def test_an_approval_of_another_plan_or_out_of_time_is_refused(tmp_path):
    with scene(tmp_path, a_runbook()) as world:
        world.open(an_incident())
        world.tick(an_incident())
        run = world.run()
        with pytest.raises(Refused, match="plan"):
            world.desk.approve(run, "0" * 64, "ada", world.now)
        with pytest.raises(Refused, match="out of time"):
            world.desk.approve(run, run.digest, "ada", run.valid_until)
        world.now = run.valid_until
        world.tick(an_incident())
        assert (world.run().state, world.run().reason) == (RunState.EXPIRED, RunReason.NOT_IN_TIME)


def test_two_people_who_approve_at_the_same_moment_do_not_overwrite_each_other(tmp_path):
    with scene(tmp_path, a_runbook(tier=Tier.HIGH)) as world:
        world.open(an_incident())
        world.tick(an_incident())
        seen = world.run()
        world.desk.approve(seen, seen.digest, "ada", world.now)
        with pytest.raises(Refused, match="somebody else"):
            world.desk.approve(seen, seen.digest, "bo", world.now)
        assert [a.who for a in world.run().approvals] == ["ada"]


def test_a_runbook_edited_after_approval_is_not_run(tmp_path):
    made = tmp_path / "made"
    with scene(tmp_path, a_runbook()) as world:
        incident = an_incident()
        world.open(incident)
        world.tick(incident)
        run = world.run()
        world.desk.approve(run, run.digest, "ada", world.now)
        world.start(a_runbook("touch", str(made)))
        world.tick(incident)
        assert world.run().reason is RunReason.RUNBOOK_CHANGED
        assert not made.exists()


def test_a_forged_approval_in_the_ledger_runs_nothing(tmp_path):
    made = tmp_path / "made"
    with scene(tmp_path, a_runbook("touch", str(made))) as world:
        world.open(an_incident())
        world.tick(an_incident())
        forged = replace(world.run(), state=RunState.APPROVED, version=2)
        with world.ledger.begin() as tx:
            tx.put_run(forged)
        world.tick(an_incident())
        assert world.run().state is RunState.EXPIRED
        assert not made.exists()


def test_a_failed_verification_takes_the_steps_back(tmp_path):
    made, undone = tmp_path / "made", tmp_path / "undone"
    book = a_runbook(
        steps=(touch(made),), verify=(Step("check", run=("false",)),), rollback=(touch(undone),)
    )
    with scene(tmp_path, book) as world:
        run = world.carry_out(an_incident(), "ada")
    assert (run.state, run.reason) == (RunState.ROLLED_BACK, RunReason.VERIFICATION_FAILED)
    assert undone.exists()
    assert not run.verified


def test_the_first_failure_ends_a_run_and_says_why(tmp_path):
    never = tmp_path / "never"
    steps = (Step("missing", run=("/no/such/program",)), touch(never))
    with scene(tmp_path, a_runbook(steps=steps)) as world:
        run = world.carry_out(an_incident(), "ada")
    assert (run.state, run.reason) == (RunState.FAILED, RunReason.STEP_FAILED)
    assert "No such file" in run.results[0].detail
    assert not never.exists()


def test_a_program_that_outlives_its_time_is_ended_with_its_children(tmp_path):
    pid = tmp_path / "pid"
    # a shell says which child it has within milliseconds, long before its time is over
    script = 'sleep 300 & echo $! > "$0"; wait'
    slow = Step("slow", run=("sh", "-c", script, str(pid)), timeout=timedelta(seconds=2))
    with scene(tmp_path, a_runbook(steps=(slow,))) as world:
        run = world.carry_out(an_incident(), "ada")
    assert run.reason is RunReason.TOOK_TOO_LONG
    assert not _lives(int(pid.read_text()))


def test_the_kill_switch_ends_what_runs_and_nothing_begins_until_it_is_released(tmp_path):
    steps = (Step("long", run=("sleep", "300")),)
    with scene(tmp_path, a_runbook(steps=steps, rollback=(sh("print(1)"),))) as world:
        world.open(an_incident(), an_incident(1))
        world.tick(an_incident())
        run = world.run()
        world.desk.approve(run, run.digest, "ada", world.now)
        world.tick(an_incident())
        world.wait_until_running()
        world.automation.halt("bo", "something is wrong")
        run = world.wait(run.id)
        assert (run.state, run.reason) == (RunState.STOPPED, RunReason.KILL_SWITCH)
        assert len(run.results) == 1  # the way back is automation too
        world.tick(an_incident(1))
        assert len(world.ledger.runs(SYSTEM)) == 1
        world.automation.resume("bo", "")
        world.tick(an_incident(1))
        assert len(world.ledger.runs(SYSTEM)) == 2


def test_a_switch_pulled_through_another_daemon_is_heard(tmp_path):
    with scene(tmp_path, a_runbook("sleep", "300")) as world:
        world.open(an_incident())
        world.tick(an_incident())
        run = world.run()
        world.desk.approve(run, run.digest, "ada", world.now)
        world.tick(an_incident())
        world.wait_until_running()
        first = world.automation
        world.start(a_runbook("sleep", "300"))
        world.automation.halt("bo", "")
        assert world.wait().state is RunState.STOPPED
        first.close()


def test_a_daemon_that_leads_no_more_stops_and_its_run_is_unknown_to_the_next(tmp_path):
    with scene(tmp_path, a_runbook("sleep", "300")) as world:
        world.open(an_incident())
        world.tick(an_incident())
        run = world.run()
        world.desk.approve(run, run.digest, "ada", world.now)
        world.tick(an_incident())
        world.wait_until_running()
        world.now += timedelta(days=400)
        world.ledger.acquire_lease("another", timedelta(days=1), world.now)
        world.fence = None
        world.automation.close()
        assert world.run().state is RunState.RUNNING  # its fenced write was refused
        world.fence = world.ledger.acquire_lease("another", timedelta(days=1), world.now)
        world.start(a_runbook("sleep", "300"))
        world.tick(an_incident())
        assert (world.run().state, world.run().reason) == (RunState.UNKNOWN, RunReason.INTERRUPTED)
        world.tick(an_incident())
        assert len(world.ledger.runs(SYSTEM)) == 1


def test_output_is_bounded_and_holds_no_secret(tmp_path):
    script = "import os; print(os.environ['KEY']); print('password=abc'); print('x' * 10_000_000)"
    step = replace(sh(script), environment={"KEY": Secret("s3cr3t-canary")})
    with scene(tmp_path, a_runbook(steps=(step,))) as world:
        run = world.carry_out(an_incident(), "ada")
        assert b"s3cr3t-canary" not in (tmp_path / "ledger.db").read_bytes()
    text = run.results[0].output
    assert text.startswith("<secret>\npassword=<secret>\nx")
    assert len(text) < 10_000
    assert "s3cr3t-canary" not in repr(run)


def test_a_program_gets_a_clean_environment_and_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_LEAK", "1")
    step = sh("import os; print(sorted(os.environ)); print(os.listdir('.'))")
    with scene(tmp_path, a_runbook(steps=(step,))) as world:
        run = world.carry_out(an_incident(), "ada")
    names, files = run.results[0].output.splitlines()
    assert "AIOPS_LEAK" not in names
    assert "'PATH'" in names
    assert files == "[]"


def test_low_risk_runs_by_itself_only_once_it_is_proven_and_allowed(tmp_path):
    book = a_runbook(tier=Tier.LOW, verify=(Step("check", run=("true",)),))
    allowed = replace(ON, allow=(AllowSettings("free-space", "db-*"),))
    with scene(tmp_path, book) as world:
        world.start(book, settings=allowed)
        for onset in range(20):
            incident = an_incident(onset)
            world.open(incident)
            world.tick(incident)
            run = next(r for r in world.ledger.runs(SYSTEM, incident=incident.key))
            assert run.needed == 1
            world.desk.approve(run, run.digest, "ada", world.now)
            world.tick(incident)
            assert world.wait(run.id).verified
        proven = an_incident(20)
        world.open(proven, an_incident(21), an_incident(22, stage=Stage.SUGGEST))
        world.tick(proven)
        run = next(r for r in world.ledger.runs(SYSTEM, incident=proven.key))
        assert (run.needed, run.approvals) == (0, ())
        assert world.wait(run.id).state is RunState.SUCCEEDED
        only_suggested = an_incident(22, stage=Stage.SUGGEST)
        world.tick(only_suggested)
        assert next(iter(world.ledger.runs(SYSTEM, incident=only_suggested.key))).needed == 1
        world.start(replace(book, title="Another edition"), settings=allowed)
        world.tick(an_incident(21))
        assert next(iter(world.ledger.runs(SYSTEM, incident=an_incident(21).key))).needed == 1


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"per_hour": 1}, "last hour"),
        ({"per_asset": 1}, "in 24 h (automate.per_asset"),
    ],
)
def test_a_limit_holds_a_run_back_and_is_told_when_it_expires(tmp_path, limits, words):
    settings = replace(ON, **limits)
    with scene(tmp_path, a_runbook(), settings=settings) as world:
        world.carry_out(an_incident(), "ada")
        second = an_incident(1)
        world.open(second)
        world.tick(second)
        run = next(r for r in world.ledger.runs(SYSTEM, incident=second.key))
        world.desk.approve(run, run.digest, "ada", world.now)
        world.tick(second)
        world.start(a_runbook(), settings=settings)  # limits hold over a restart
        world.tick(second)
        assert world.run(run.id).state is RunState.APPROVED
        world.now += timedelta(minutes=59)
        with world.ledger.begin() as tx:
            tx.put_run(replace(world.run(run.id), valid_until=world.now, version=3))
        world.tick(second)
        assert world.run(run.id).reason is RunReason.LIMIT_REACHED
        assert words in world.run(run.id).detail
        assert "（automate." in world.run(run.id).words("zh")


def test_the_blast_radius_counts_different_assets(tmp_path):
    settings = replace(ON, blast_radius=1)
    with scene(tmp_path, a_runbook(), settings=settings) as world:
        world.carry_out(an_incident(), "ada")
        other = an_incident(asset="db-08")
        world.open(other)
        world.tick(other)
        run = next(r for r in world.ledger.runs(SYSTEM, incident=other.key))
        world.desk.approve(run, run.digest, "ada", world.now)
        world.tick(other)
        assert world.run(run.id).state is RunState.APPROVED


def test_a_run_whose_incident_is_over_is_not_begun(tmp_path):
    made = tmp_path / "made"
    with scene(tmp_path, a_runbook("touch", str(made))) as world:
        incident = an_incident()
        world.open(incident)
        world.tick(incident)
        run = world.run()
        world.desk.approve(run, run.digest, "ada", world.now)
        world.close_incident(incident)
        world.tick()
        assert world.run().reason is RunReason.INCIDENT_OVER
        assert not made.exists()


def test_a_dry_run_changes_nothing_and_is_stored(tmp_path):
    made = tmp_path / "made"
    step = replace(touch(made), dry_run=("echo", "would touch", "{device}"))
    book = a_runbook(steps=(step, touch(tmp_path / "x")), parameters=(device(),))
    with scene(tmp_path, book) as world:
        world.open(an_incident())
        world.tick(an_incident())
        run = world.automation.rehearse(world.run(), "ada")
        assert [r.output for r in run.rehearsal] == ["would touch sda1\n", ""]
        assert run.rehearsal[1].detail == "not run: no dry_run"
        assert run.rehearsal[1].words("zh") == "未执行：没有 dry_run"
        assert run.state is RunState.PROPOSED
        assert not made.exists()


def test_a_rejected_run_never_begins(tmp_path):
    with scene(tmp_path, a_runbook()) as world:
        world.open(an_incident())
        world.tick(an_incident())
        run = world.desk.reject(world.run(), "ada", "not today", world.now)
        with pytest.raises(Refused):
            world.desk.approve(run, run.digest, "bo", world.now)
        world.tick(an_incident())
        assert world.run().state is RunState.REJECTED


def test_of_many_people_who_write_at_once_one_is_heard(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", NOW, durable=False)
    desk = Desk(ledger, AutomateSettings(enabled=True), ())
    run = example_run()
    with ledger.begin() as tx:
        tx.put_run(run)
    heard = []

    def approve(number):
        try:
            heard.append(desk.approve(run, run.digest, f"person {number}", run.requested_at))
        except Refused:
            heard.append(None)

    threads = [threading.Thread(target=approve, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 20
    assert sum(each is not None for each in heard) == 1
    assert ledger.run(SYSTEM, run.id).version == 2
    assert len(ledger.audit_rows()) == 1
    ledger.close()


def _lives(pid):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
                if stat.read().split(") ")[1][0] == "Z":
                    return False
        except FileNotFoundError:
            return False
        time.sleep(0.05)
    return True
