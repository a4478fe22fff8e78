"""One HTTP request of a runbook: fixed address, no redirect, no proxy, bounded answer."""

import threading
import time
from collections.abc import Callable
from typing import Final

import httpx

from aiops.automate.output import KEPT, Ends
from aiops.automate.process import Finished
from aiops.automate.runbook import Call
from aiops.domain.phrase import Phrase

_LOOK: Final = 0.1


def send_call(
    call: Call, body: str, timeout: float, stopped: Callable[[], bool], output: Ends
) -> Finished:
    """Sends the request once and waits for its answer, its time or the kill switch.

    What was sent cannot be taken back: when the answer is not awaited, that is said.
    """
    began = time.monotonic()
    found: list[tuple[bool, Phrase]] = []
    said = Ends()  # another one than the caller's: the thread may outlive the wait

    def ask() -> None:
        found.append(_ask(call, body, timeout, said))

    thread = threading.Thread(target=ask, daemon=True, name="runbook-call")
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK)
        seconds = time.monotonic() - began
        if thread.is_alive() and stopped():
            return Finished(False, Phrase("run_not_awaited"), seconds, "stop")
        if thread.is_alive() and seconds > timeout:
            lacking = Phrase("run_no_whole_answer", {"seconds": timeout})
            return Finished(False, lacking, seconds, "timeout")
    output.take(said)
    ok, how = found[0] if found else (False, Phrase("run_request_failed"))
    return Finished(ok, how, time.monotonic() - began)


def _ask(call: Call, body: str, timeout: float, output: Ends) -> tuple[bool, Phrase]:
    headers = {"User-Agent": "aiops"}
    if body:
        headers["Content-Type"] = "application/json"
    if call.token:
        headers["Authorization"] = f"Bearer {call.token.reveal()}"
    seen = bytearray()
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=timeout) as client,
            client.stream(
                call.method.value, call.url, content=body.encode() or None, headers=headers
            ) as answer,
        ):
            for chunk in answer.iter_bytes():
                output.add(chunk)
                seen += chunk[: KEPT - len(seen)]
                if len(seen) >= KEPT:
                    break
    except httpx.HTTPError as error:
        return False, Phrase("run_no_answer", {"error": type(error).__name__})
    status = {"status": answer.status_code}
    if answer.status_code not in call.expect:
        return False, Phrase("run_status", status)
    if call.contains and call.contains.encode() not in seen:
        return False, Phrase("run_status_without_text", status)
    return True, Phrase("run_status", status)
