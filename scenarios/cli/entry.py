"""From an argument list to an exit code: 0 passed, 1 a check failed, 2 bad usage or input, 3 a fault of Swipelab.

130 after Ctrl-C, 143 after a request to terminate; both leave nothing half written.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from typer import TyperException

from scenarios.cli.app import app
from scenarios.cli.codes import BAD_INPUT, FAULT, PASSED, STOPPED, TERMINATED
from scenarios.problems import BadInput


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; whatever happens ends in one clear message and an exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = app(args=given or ["--help"], prog_name="swipelab", standalone_mode=False) or PASSED
        sys.stdout.flush()
    except BadInput as error:
        code = _say(str(error), BAD_INPUT)
    except TyperException as error:
        code = _say(_usage(error), error.exit_code)
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  nothing may be flushed at exit
        return PASSED
    except Exception as error:  # noqa: BLE001  the last line: a fault of Swipelab is told apart from bad input
        code = _say(_fault(error), FAULT)
    if code == STOPPED:
        _say("stopped; nothing was written", STOPPED)
    return code


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return code


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)


def _usage(error: TyperException) -> str:
    """One line that names the command and the nearest right word."""
    context = getattr(error, "ctx", None)
    message = error.message if getattr(error, "possibilities", None) else error.format_message()
    message = message.strip().rstrip(".")
    if close := getattr(error, "possibilities", None):
        message += f"; did you mean {close[0]}?"
    path = context.command_path if context is not None else "swipelab"
    return f"{path}: {message}\ntry `{path} --help`"


def _fault(error: Exception) -> str:
    where = Path(tempfile.gettempdir()) / f"swipelab-fault-{os.getpid()}.txt"
    where.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = str(error).strip().partition("\n")[0]
    return (
        f"a fault of Swipelab: {type(error).__name__}: {said}\n"
        f"at {last.filename}:{last.lineno}; the whole traceback is in {where}"
    )
