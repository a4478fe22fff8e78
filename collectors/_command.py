"""One run of a foreign program within a hard deadline."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiops.contracts.errors import Unreachable

_MAX_OUTPUT: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Output:
    """What a program said and how it ended."""

    code: int
    stdout: bytes
    stderr: bytes


async def run(
    command: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None
) -> Output:
    """Runs a program; it is killed when it is not done in time.

    Args:
        environment: Variables beside those of ours; secrets go here, for every user of a host
            may read the arguments of a process.

    Raises:
        Unreachable: ``no_program`` or ``timeout``.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
        )
    except OSError as error:
        raise Unreachable(
            f"{command[0]}: {error.strerror}; is it installed?", "no_program"
        ) from error
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError as error:
        words = f"{command[0]}: not done within {max(seconds, 0.0):.3g} s"
        raise Unreachable(words, "timeout") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            # One that waits for a dead device cannot be killed; nobody waits for it here.
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 1.0)
    return Output(process.returncode or 0, out[:_MAX_OUTPUT], err[:_MAX_OUTPUT])
