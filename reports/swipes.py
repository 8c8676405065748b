"""Every swipe once: when it was sent, how it ended, how long it took, as the networks see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.frames import Events

ANSWERED, TIMED_OUT, FAILED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Swipes:
    """Columns, one entry a swipe.

    ``latency_ns`` is what the asker waited: an answer in time counts as measured; a swipe that timed out counts with
    the true round trip of its late answer or, where none came, with its deadline (the least that it can have been); an
    error is no answer and counts -1. ``over`` marks what the network had to treat as unanswered by its deadline.
    """

    sent_ns: np.ndarray
    network: np.ndarray
    networks: tuple[str, ...]
    ending: np.ndarray
    result: np.ndarray
    results: tuple[str, ...]
    latency_ns: np.ndarray
    over: np.ndarray

    def __len__(self) -> int:
        return len(self.sent_ns)

    def on(self, network: str) -> np.ndarray:
        """Which swipes went over this network."""
        if network not in self.networks:
            return np.zeros(len(self), dtype=bool)
        return self.network == self.networks.index(network)

    @property
    def approved(self) -> np.ndarray:
        if "approved" not in self.results:
            return np.zeros(len(self), dtype=bool)
        return (self.ending == ANSWERED) & (self.result == self.results.index("approved"))


def read_swipes(events: Events, deadlines_ns: Mapping[str, int]) -> Swipes:
    """Put the rows of the authorization exchange together.

    Rules: one swipe for each ``authorize``, ``authorize.timeout`` and ``authorize.error`` row; an ``authorize.late``
    row only tells how long a timed-out swipe took. A swipe is over its deadline when it timed out, when its answer came
    late, or when an answer took longer than its network's deadline.
    """
    columns = ["at_ns", "network", "result", "latency_ns"]
    answered = events.of("authorize", columns)
    timed_out = events.of("authorize.timeout", ["ref", *columns])
    failed = events.of("authorize.error", columns)
    late = events.of("authorize.late", ["ref", "latency_ns"])
    waited = timed_out["latency_ns"].to_numpy(np.int64)
    asked_ns = timed_out["at_ns"].to_numpy(np.int64) - np.maximum(waited, 0)
    if len(late) and len(timed_out):
        first_answer = late.groupby("ref", observed=True)["latency_ns"].min()
        true_ns = timed_out["ref"].map(first_answer).to_numpy(dtype=float, na_value=np.nan)
        waited = np.where(np.isnan(true_ns), waited, np.nan_to_num(true_ns)).astype(np.int64)
    in_time = answered["latency_ns"].to_numpy(np.int64)
    network, networks = _codes([answered["network"], timed_out["network"], failed["network"]])
    result, results = _codes([answered["result"], timed_out["result"], failed["result"]])
    limits = np.array([deadlines_ns.get(name, np.iinfo(np.int64).max) for name in networks], dtype=np.int64)
    sizes = (len(answered), len(timed_out), len(failed))
    over = np.zeros(sum(sizes), dtype=bool)
    over[: sizes[0]] = in_time > limits[network[: sizes[0]]] if sizes[0] else False
    over[sizes[0] : sizes[0] + sizes[1]] = True
    return Swipes(
        sent_ns=np.concatenate(
            [
                answered["at_ns"].to_numpy(np.int64) - np.maximum(in_time, 0),
                asked_ns,
                failed["at_ns"].to_numpy(np.int64) - np.maximum(failed["latency_ns"].to_numpy(np.int64), 0),
            ]
        ),
        network=network,
        networks=networks,
        ending=np.repeat(np.array([ANSWERED, TIMED_OUT, FAILED], dtype=np.int8), sizes),
        result=result,
        results=results,
        latency_ns=np.concatenate([in_time, waited, np.full(sizes[2], -1, dtype=np.int64)]),
        over=over,
    )


def _codes(columns: list[pd.Series]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The columns below each other, as a code a row and the names in order."""
    parts = [column.astype("category") for column in columns if len(column)]
    names = tuple(sorted({str(name) for part in parts for name in part.cat.categories[np.unique(part.cat.codes)]}))
    place = {name: code for code, name in enumerate(names)}
    coded = [
        np.array([place.get(str(name), -1) for name in part.cat.categories], dtype=np.int32)[part.cat.codes]
        for part in parts
    ]
    return (np.concatenate(coded) if coded else np.zeros(0, dtype=np.int32)), names
