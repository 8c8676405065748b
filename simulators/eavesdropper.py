"""Whoever reads the logs: what an engine writes there while a world runs, the auditor hears."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from simulators.auditor import Auditor
from simulators.kernel import Kernel


class _Listener(logging.Handler):
    def __init__(self, kernel: Kernel, auditor: Auditor) -> None:
        super().__init__(logging.INFO)
        self._kernel = kernel
        self._auditor = auditor

    def emit(self, record: logging.LogRecord) -> None:
        self._auditor.overheard(self._kernel.utc_ns, f"the log of {record.name}", self.format(record))


@contextmanager
def overhearing(kernel: Kernel, auditor: Auditor) -> Iterator[None]:
    """From INFO on, everything that reaches the root logger; as it was before, afterwards."""
    root = logging.getLogger()
    listener, level = _Listener(kernel, auditor), root.level
    root.addHandler(listener)
    root.setLevel(min(level, logging.INFO) or logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(listener)
