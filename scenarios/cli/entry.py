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
from contextlib import redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

from typer import TyperException

from scenarios.cli.app import app
from scenarios.cli.codes import BAD_INPUT, FAULT, PASSED, STOPPED, TERMINATED
from scenarios.problems import BadInput


class Terminated(SystemExit):
    """A request to terminate, as apart from code that calls sys.exit."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; whatever happens ends in one clear message and an exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    given = sys.argv[1:] if arguments is None else list(arguments)
    with redirect_stdout(_Pipe(sys.stdout)):  # type: ignore[type-var]
        code = _run(given or ["--help"])
        sys.stdout.flush()
    return code


def _run(arguments: list[str]) -> int:
    try:
        code = app(args=arguments, prog_name="swipelab", standalone_mode=False) or PASSED
    except BadInput as error:
        return _say(str(error), BAD_INPUT)
    except TyperException as error:
        return _say(_usage(error), error.exit_code)
    except KeyboardInterrupt:
        code = STOPPED
    except Terminated:
        raise
    except SystemExit as error:
        return _say(_left(error), BAD_INPUT)
    except Exception as error:  # noqa: BLE001  the last line: a fault of Swipelab is told apart from bad input
        return _say(_fault(error), FAULT)
    return _say("stopped; nothing was written", STOPPED) if code == STOPPED else code


class _Pipe:
    """Standard output whose reader may leave early (`swipelab run ... | head`): the verdict is still the exit code."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._leave()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._leave()

    def _leave(self) -> None:
        """What is still buffered goes nowhere, so that the interpreter's own flush at its end does not fail."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return code


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(TERMINATED)


def _left(error: SystemExit) -> str:
    """Nothing of ours calls sys.exit while a command runs; what it would exit with is no verdict."""
    told = str(error.__cause__) if error.__cause__ else ""  # of another process: its traceback, as text
    text = told if 'File "' in told else "".join(traceback.format_tb(error.__traceback__))
    where = [line for line in text.splitlines() if line.startswith('  File "')][-1].strip()
    return (
        f"{where}: sys.exit({error.code!r}) ended the run; "
        "an engine raises what went wrong, it does not end the process that runs it"
    )


def _usage(error: TyperException) -> str:
    """One line that names the command and the nearest right word."""
    context = getattr(error, "ctx", None)
    close = getattr(error, "possibilities", None)
    said = (error.message if close else error.format_message()).strip().rstrip(".")
    hint = f"; did you mean {close[0]}?" if close else ""
    path = context.command_path if context is not None else "swipelab"
    return f"{path}: {said}{hint}\ntry `{path} --help`"


def _fault(error: Exception) -> str:
    where = Path(tempfile.gettempdir()) / f"swipelab-fault-{os.getpid()}.txt"
    where.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = str(error).strip().partition("\n")[0]
    return (
        f"a fault of Swipelab: {type(error).__name__}: {said}\n"
        f"at {last.filename}:{last.lineno}; the whole traceback is in {where}"
    )
