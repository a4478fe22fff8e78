"""Carries out what was approved: steps, verification, and the way back when either fails."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiops.automate.call import send_call
from aiops.automate.output import Ends
from aiops.automate.plan import Rendered
from aiops.automate.process import Finished, run_process
from aiops.automate.runbook import Runbook
from aiops.contracts.crash import crashpoint
from aiops.domain.phrase import Phrase
from aiops.domain.run import Phase, RunReason, RunState, StepResult

Results = tuple[StepResult, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    state: RunState
    reason: RunReason
    results: Results
    verified: bool = False


def carry_out(
    runbook: Runbook,
    steps: Sequence[Rendered],
    stopped: Callable[[], bool],
    note: Callable[[Results], None],
) -> Ending:
    """Does every step in order and tells each result before the next one begins.

    Args:
        stopped: Whether the kill switch is pulled or this daemon leads no more.
        note: Makes the results so far durable; what it raises ends the run.
    """
    secrets = runbook.secrets()
    results: Results = ()
    reason: RunReason | None = None
    end = time.monotonic() + runbook.timeout.total_seconds()
    with tempfile.TemporaryDirectory(prefix="aiops-run-") as directory:
        for each in steps:
            if each.planned.phase is Phase.ROLLBACK:
                continue
            left = min(each.step.timeout.total_seconds(), end - time.monotonic())
            result, ended_by = _do(each, left, directory, secrets, stopped)
            results = (*results, result)
            note(results)
            crashpoint("automate.after_step")
            if not result.ok:
                reason = _why(each, ended_by)
                break
        if reason is None:
            verified = any(each.planned.phase is Phase.VERIFY for each in steps)
            told = RunReason.VERIFIED if verified else RunReason.NOT_VERIFIED
            return Ending(RunState.SUCCEEDED, told, results, verified)
        if reason is RunReason.KILL_SWITCH:  # it stops everything, the way back too
            return Ending(RunState.STOPPED, reason, results)
        back = [each for each in steps if each.planned.phase is Phase.ROLLBACK]
        undone = bool(back)
        for each in back:
            seconds = each.step.timeout.total_seconds()
            result, ended_by = _do(each, seconds, directory, secrets, stopped)
            results = (*results, result)
            note(results)
            if ended_by == "stop":
                return Ending(RunState.STOPPED, RunReason.KILL_SWITCH, results)
            undone = undone and result.ok
    return Ending(RunState.ROLLED_BACK if undone else RunState.FAILED, reason, results)


def rehearse(runbook: Runbook, steps: Sequence[Rendered], stopped: Callable[[], bool]) -> Results:
    """Does a dry run: only what each step offers for it; a call is shown and not sent."""
    secrets = runbook.secrets()
    results: Results = ()
    with tempfile.TemporaryDirectory(prefix="aiops-run-") as directory:
        for each in steps:
            if not each.rehearsal:
                said = Phrase("run_not_sent" if each.planned.kind == "call" else "run_no_dry_run")
                name = each.planned.name
                result = StepResult(Phase.REHEARSE, name, True, said.text(), said=said)
            else:
                output = Ends()
                seconds = each.step.timeout.total_seconds()
                done = run_process(
                    each.rehearsal, _environment(each), directory, seconds, stopped, output
                )
                result = _result(Phase.REHEARSE, each, done, output.text(secrets))
            results = (*results, result)
    return results


def _do(
    each: Rendered,
    seconds: float,
    directory: str,
    secrets: Sequence[str],
    stopped: Callable[[], bool],
) -> tuple[StepResult, str]:
    output = Ends()
    if stopped():
        done = Finished(False, Phrase("run_not_begun"), 0.0, "stop")
    elif seconds <= 0:
        done = Finished(False, Phrase("run_timeout_over"), 0.0, "timeout")
    elif each.step.call is not None:
        done = send_call(each.step.call, each.planned.words[2], seconds, stopped, output)
    else:
        done = run_process(
            each.planned.words, _environment(each), directory, seconds, stopped, output
        )
    return _result(each.planned.phase, each, done, output.text(secrets)), done.ended_by


def _environment(each: Rendered) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in each.step.environment.items()}


def _result(phase: Phase, each: Rendered, done: Finished, text: str) -> StepResult:
    said, seconds = done.said, round(done.seconds, 3)
    return StepResult(phase, each.planned.name, done.ok, said.text(), seconds, text, said)


def _why(each: Rendered, ended_by: str) -> RunReason:
    if ended_by == "stop":
        return RunReason.KILL_SWITCH
    if ended_by == "timeout":
        return RunReason.TOOK_TOO_LONG
    verifies = each.planned.phase is Phase.VERIFY
    return RunReason.VERIFICATION_FAILED if verifies else RunReason.STEP_FAILED
