"""The discrete-event simulation under every family: many small queues at once, in lockstep, from fixed draws.

A service of ``servers`` processes is that many queues, each with its share of a Poisson stream. A server that is free
takes all that waits, ``most`` at once, and is busy for ``(batch + each * n) * noise``. Every half second it has to
clear, too: ``clearing`` for each purchase of that time. A swipe takes ``base * noise`` besides, and waits
for nobody then.

All queues use the same draws whatever the rate and the parameters, so what differs between two results is the doing of
the parameters, and the same seed gives the same result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLEAR_EVERY_MS = 500.0
WARM_UP = 4
"""One part in so many, at the start of each queue, is not counted: it begins empty."""
MANY = 1 << 30
BATCH, EACH, SPREAD, BASE, BASE_SPREAD, CLEARING = range(6)
"""The columns of parameters; times in ms, spreads of the logarithm. The noise of batches has the mean 1, that of the
base the median 1."""


@dataclass(frozen=True, slots=True)
class Draws:
    """``marks``: arrivals of rate 1; all of the shape (queues, arrivals)."""

    marks: np.ndarray
    noise: np.ndarray
    base_noise: np.ndarray
    phase: np.ndarray
    """When each queue clears first, as a share of the interval."""


def draws(seed: int, queues: int, arrivals: int) -> Draws:
    """Fixed by the seed."""
    rng = np.random.default_rng([seed, 0xCA])
    marks = np.cumsum(rng.exponential(size=(queues, arrivals)), axis=1)
    noise, base_noise = rng.standard_normal((2, queues, arrivals))
    return Draws(marks, noise, base_noise, rng.uniform(size=queues))


def latencies(parameters: np.ndarray, rates: np.ndarray, servers: int, most: int, drawn: Draws) -> np.ndarray:
    """Latencies in ms of the shape (sets of parameters, rates, swipes), in no order.

    ``parameters``: (sets, 6), columns as above; ``rates``: arrivals a second at all the servers, above 0.
    """
    sets, points, (queues, arrivals) = len(parameters), len(rates), drawn.marks.shape
    each = np.repeat(np.repeat(parameters, points, axis=0), queues, axis=0)
    per_ms = np.tile(np.repeat(np.asarray(rates, float) / 1_000 / servers, queues), sets)
    copies = sets * points
    came = np.tile(drawn.marks, (copies, 1)) / per_ms[:, None]
    noise = np.exp(np.tile(drawn.noise, (copies, 1)) * each[:, [SPREAD]] - each[:, [SPREAD]] ** 2 / 2)
    phase = np.tile(drawn.phase, copies) * CLEAR_EVERY_MS
    pause = each[:, CLEARING] * per_ms * CLEAR_EVERY_MS
    done = _lockstep(came, each[:, BATCH], each[:, EACH], noise, pause, phase, most)
    base = each[:, [BASE]] * np.exp(np.tile(drawn.base_noise, (copies, 1)) * each[:, [BASE_SPREAD]])
    waited = (done - came + base)[:, arrivals // WARM_UP :]
    return waited.reshape(sets, points, -1)


def _lockstep(
    came: np.ndarray, batch: np.ndarray, each: np.ndarray, noise: np.ndarray, pause: np.ndarray, clears: np.ndarray,
    most: int,
) -> np.ndarray:  # fmt: skip
    """When each arrival is done with. One step takes one batch in every queue."""
    queues, arrivals = came.shape
    # One sorted array of all queues, each in a stretch of its own, answers "how many have come by then" in one search.
    stretch = float(came[:, -1].max()) * 2 + 1.0
    shift, first = np.arange(queues) * stretch, np.arange(queues) * arrivals
    together = (came + shift[:, None]).ravel()
    flat_came, flat_noise = came.ravel(), noise.ravel()
    done, owner = np.zeros(queues * arrivals), np.zeros(queues * arrivals, np.int64)
    free, head = np.zeros(queues), np.zeros(queues, np.int64)
    clearing = bool(pause.any())
    live = np.arange(queues)
    while len(live):
        at, place = head[live], first[live]
        start = np.maximum(free[live], flat_came[place + at])
        if clearing:
            due = clears[live]
            over = start >= due
            since = due + np.floor(np.maximum(start - due, 0) / CLEAR_EVERY_MS) * CLEAR_EVERY_MS
            start = np.where(over, np.maximum(start, np.maximum(free[live], since) + pause[live]), start)
            clears[live] = np.where(over, since + CLEAR_EVERY_MS, due)
        if most == 1:
            end = at + 1
        else:
            within = np.minimum(start, stretch / 2)  # all have come by then
            end = np.searchsorted(together, within + shift[live], side="right") - place
            end = np.minimum(np.maximum(end, at + 1), at + most)
        free[live] = start + (batch[live] + each[live] * (end - at)) * flat_noise[place + at]
        done[place + at] = free[live]
        owner[place + at] = place + at
        head[live] = end
        live = live[end < arrivals]
    return done[np.maximum.accumulate(owner)].reshape(queues, arrivals)
