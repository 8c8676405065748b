"""The kernel: unmodified asyncio on SimPy under virtual time, named random streams, the trace, the fences."""

from __future__ import annotations

from simulators.kernel import fences
from simulators.kernel.core import Kernel
from simulators.kernel.errors import DeadlockError, FenceBreach, KernelError, TraceError, UnhandledError
from simulators.kernel.loop import SimLoop
from simulators.kernel.outcome import Outcome
from simulators.kernel.power import PowerCut, PowerGroup
from simulators.kernel.randomness import Stream
from simulators.kernel.ties import ScriptedTies, SeededTies, Ties
from simulators.kernel.trace import Chunk, Column, Trace

__all__ = [
    "Chunk",
    "Column",
    "DeadlockError",
    "FenceBreach",
    "Kernel",
    "KernelError",
    "Outcome",
    "PowerCut",
    "PowerGroup",
    "ScriptedTies",
    "SeededTies",
    "SimLoop",
    "Stream",
    "Ties",
    "Trace",
    "TraceError",
    "UnhandledError",
    "fences",
]
