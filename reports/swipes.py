"""Every swipe once: when it was sent, how it ended, how long it took, as the networks see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from reports.frames import Events
from reports.keys import keys_of

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
    kinds = [events.of(kind) for kind in ("authorize", "authorize.timeout", "authorize.error")]
    sizes = [len(rows) for rows in kinds]
    latency_ns = _below(rows.ints("latency_ns") for rows in kinds)
    sent_ns = _below(rows.ints("at_ns") for rows in kinds)
    sent_ns -= np.maximum(latency_ns, 0)
    network, networks = _codes([rows.words("network") for rows in kinds])
    result, results = _codes([rows.words("result") for rows in kinds])
    limits = np.array([deadlines_ns.get(name, np.iinfo(np.int64).max) for name in networks], dtype=np.int64)
    in_time, timed_out = slice(0, sizes[0]), slice(sizes[0], sizes[0] + sizes[1])
    over = np.zeros(sum(sizes), dtype=bool)
    over[in_time] = latency_ns[in_time] > limits[network[in_time]]
    over[timed_out] = True
    latency_ns[timed_out] = _waited(events, latency_ns[timed_out])
    latency_ns[timed_out.stop :] = -1
    return Swipes(
        sent_ns=sent_ns,
        network=network,
        networks=networks,
        ending=np.repeat(np.array([ANSWERED, TIMED_OUT, FAILED], dtype=np.int8), sizes),
        result=result,
        results=results,
        latency_ns=latency_ns,
        over=over,
    )


def _below(columns: Iterable[np.ndarray]) -> np.ndarray:
    """The columns below each other."""
    return np.concatenate(list(columns))


def _waited(events: Events, deadline_ns: np.ndarray) -> np.ndarray:
    """How long timed-out swipes really took: the soonest of their late answers, or else the deadline."""
    timed_out, late = events.of("authorize.timeout"), events.of("authorize.late")
    keys = keys_of("ref", timed_out, late)
    never = np.iinfo(np.int64).max
    soonest = np.full(len(keys), never, dtype=np.int64)
    np.minimum.at(soonest, keys.codes[1], late.ints("latency_ns"))
    answered = soonest[keys.codes[0]]
    return np.where(answered < never, answered, deadline_ns)


def _codes(columns: list[tuple[np.ndarray, tuple[str, ...]]]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The codes below each other, for the names that occur, in order."""
    used = [np.unique(codes).tolist() for codes, _ in columns]
    names = tuple(sorted({names[code] for (_, names), found in zip(columns, used, strict=True) for code in found}))
    place = {name: code for code, name in enumerate(names)}
    return _below(
        np.array([place.get(name, -1) for name in known], dtype=np.int16)[codes] for codes, known in columns
    ), names
