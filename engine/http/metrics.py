"""What is counted, for Prometheus. Counting is adding to a number in this process; the rest happens when asked.

A service has several workers, and a scrape reaches any one of them. With ``metrics_dir`` each worker writes its numbers
to a file of its own there, in the format of prometheus-client's multiprocess mode, once a second and at the end; the
worker that is asked adds up all files. Without it a worker answers for itself. (prometheus-client's own values write
to their file at each step, and have to be told the directory before they are imported.)
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from engine.domain.decline import DeclineReason
from engine.interface import AuthorizationResponse

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 3.0, 6.0)
"""The deadlines of processors, and steps below the shortest."""
_BOUNDS = (*map(str, BUCKETS_S), "+Inf")
_APPROVED = "approved"


class _Family(NamedTuple):
    name: str
    help: str
    type: str = "counter"
    labels: tuple[str, ...] = ()


_REQUESTS = _Family("swipelab_requests", "Requests answered.", labels=("route", "status"))
_LATENCY = _Family("swipelab_request_seconds", "From head to answer.", "histogram", ("route",))
_DECISIONS = _Family("swipelab_decisions", "Authorizations answered.", labels=("outcome", "reason"))
_SHED = _Family("swipelab_shed", "Authorizations refused for want of capacity.")
_IN_FLIGHT = _Family("swipelab_in_flight", "Authorizations being decided.", "gauge")
_LIMIT = _Family("swipelab_in_flight_limit", "How many are taken on at once just now.", "gauge")
_STREAMS = _Family("swipelab_streams", "Live balances being sent.", "gauge")
_FAMILIES = (_REQUESTS, _LATENCY, _DECISIONS, _SHED, _IN_FLIGHT, _LIMIT, _STREAMS)

_Sample = tuple[_Family, str, tuple[str, ...], tuple[str, ...], float]
"""Family, name of the sample, names of its labels, their values, the number; buckets are not yet added up."""


class Metrics:
    """The numbers of one worker. Labels come from the code alone, never from a request."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._files: dict[str, MmapedDict] = {}
        self._requests: dict[tuple[str, int], int] = {}
        self._times: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._decisions: dict[DeclineReason | None, int] = {}
        self.shed: Callable[[], int] = lambda: 0
        self.in_flight: Callable[[], int] = lambda: 0
        self.limit: Callable[[], int] = lambda: 0
        self.streams: Callable[[], int] = lambda: 0

    def answered(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        key = (route, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = [0] * len(_BOUNDS)
            self._seconds[route] = 0.0
        times[bisect_left(BUCKETS_S, seconds)] += 1
        self._seconds[route] += seconds

    def decided(self, response: AuthorizationResponse) -> None:
        """One authorization was answered."""
        reason = response.reason
        self._decisions[reason] = self._decisions.get(reason, 0) + 1

    def exposed(self) -> bytes:
        """All numbers, in Prometheus' text format."""
        registry = CollectorRegistry()
        if self._directory is None:
            registry.register(_Alone(self))
        else:
            self.flush()
            _bury(self._directory)
            MultiProcessCollector(registry, str(self._directory))
        return generate_latest(registry)

    def flush(self) -> None:
        """Write the numbers for the other workers to see."""
        if self._directory is None:
            return
        for family, name, labels, values, number in self._samples():
            kind = f"{family.type}_livesum" if family.type == "gauge" else family.type
            file = self._files.get(kind)
            if file is None:
                self._directory.mkdir(parents=True, exist_ok=True)
                file = self._files[kind] = MmapedDict(str(self._directory / f"{kind}_{os.getpid()}.db"))
            file.write_value(mmap_key(family.name, name, list(labels), list(values), family.help), number, 0.0)

    def close(self) -> None:
        """Write a last time; what this worker has in flight counts no more, what it has counted stays."""
        self.flush()
        for file in self._files.values():
            file.close()
        self._files.clear()
        if self._directory is not None:
            mark_process_dead(os.getpid(), str(self._directory))

    def _samples(self) -> Iterator[_Sample]:
        for (route, status), count in self._requests.items():
            yield _REQUESTS, f"{_REQUESTS.name}_total", _REQUESTS.labels, (route, str(status)), count
        for route, counts in self._times.items():
            for bound, count in zip(_BOUNDS, counts, strict=True):
                yield _LATENCY, f"{_LATENCY.name}_bucket", (*_LATENCY.labels, "le"), (route, bound), count
            yield _LATENCY, f"{_LATENCY.name}_sum", _LATENCY.labels, (route,), self._seconds[route]
        for reason, count in self._decisions.items():
            values = (_APPROVED, "") if reason is None else ("declined", str(reason))
            yield _DECISIONS, f"{_DECISIONS.name}_total", _DECISIONS.labels, values, count
        yield _SHED, f"{_SHED.name}_total", (), (), self.shed()
        for family, number in ((_IN_FLIGHT, self.in_flight), (_LIMIT, self.limit), (_STREAMS, self.streams)):
            yield family, family.name, (), (), number()


class _Alone(MultiProcessCollector):
    """One worker's numbers, added up as those of several are."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self):
        families = {family: Metric(family.name, family.help, family.type) for family in _FAMILIES}
        for family, name, labels, values, number in self._metrics._samples():
            metric = families[family]
            metric._multiprocess_mode = "livesum"
            metric.add_sample(name, tuple(zip(labels, values, strict=True)), number)
        return self._accumulate_metrics(
            {f: metric for f, metric in families.items() if metric.samples}, accumulate=True
        )


def _bury(directory: Path) -> None:
    """A worker that was killed has nothing in flight any more; what it has counted stays."""
    for file in directory.glob("gauge_live*_*.db"):
        number = int(file.stem.rpartition("_")[2])
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            mark_process_dead(number, str(directory))
        except PermissionError:
            pass  # alive, and somebody else's


def clear(directory: Path) -> None:
    """Forget what workers of before have counted: to be called once, before the first of a service starts."""
    for file in directory.glob("*.db"):
        file.unlink()
