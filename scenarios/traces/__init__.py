"""Purchases to replay: trace files, a published data set, and synthetic traffic, all as one `PurchasePlan`."""

from __future__ import annotations

from scenarios.traces.plan import MerchantRow, PurchasePlan
from scenarios.traces.problems import TraceError, TraceProblem
from scenarios.traces.read import read_trace
from scenarios.traces.write import write_trace

__all__ = ["MerchantRow", "PurchasePlan", "TraceError", "TraceProblem", "read_trace", "write_trace"]
