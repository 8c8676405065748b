"""The report's charts. Each wide one comes narrow too, for a phone: text that shrinks with its chart can't be read."""

from __future__ import annotations

from reports.pictures.axes import both
from reports.pictures.latency import latency_course, latency_distribution
from reports.pictures.money import IN_MOTION, STACK, funds_in_motion, funds_stack, gas_by_batch, settlement_lag

__all__ = [
    "IN_MOTION",
    "STACK",
    "both",
    "funds_in_motion",
    "funds_stack",
    "gas_by_batch",
    "latency_course",
    "latency_distribution",
    "settlement_lag",
]
