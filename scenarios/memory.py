"""What a world leaves behind, given back before the report is made."""

from __future__ import annotations

import ctypes
import gc
import sys

import pyarrow as pa


def share_memory() -> None:
    """Let Arrow allocate from the C library, as everything else does: its own pool keeps what it freed to itself."""
    pa.set_memory_pool(pa.system_memory_pool())


def give_back() -> None:
    """Collect what is unreachable, which of a world is all of it, for it is full of cycles; then return free pages.

    Only glibc has to be asked for those: it keeps what was freed between objects that stay.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
