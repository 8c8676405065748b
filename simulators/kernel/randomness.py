"""Named random streams: one per actor, so that adding one shifts no other.

Each stream is numpy's PCG64 seeded from SHA-256 of the run's seed and the stream's name. Scalars are drawn in blocks
that start small (a stream that draws once stays small) and grow, and are handed out by a generator's `__next__`, so a
draw costs tens of nanoseconds. Draws of one stream never depend on another's, nor on how draws interleave.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from typing import Any, TypeVar

import numpy as np

_Item = TypeVar("_Item")
_FIRST_BLOCK = 16
_LAST_BLOCK = 1024
_WIDEST_SPAN = 1 << 53
_MOST_NS = 2.0**62


class Stream:
    """Random numbers that depend on the run's seed, this stream's name, and what was drawn from it before.

    `uniform()` is in [0, 1). All methods but `lognormal_ns` and `bytes` share its sequence; samplers, `bytes`,
    `lognormal_ns` and `generator` each have a sequence of their own.
    """

    __slots__ = ("_bytes", "_generator", "_normal", "_samplers", "name", "seed", "uniform")

    uniform: Callable[[], float]
    _normal: Callable[[], float]

    def __init__(self, seed: int, name: str):
        if "\0" in name:
            raise ValueError(f"a stream's name may not contain a NUL: {name!r}")
        self.seed = seed
        self.name = name
        self.uniform = self._drawn("uniform", lambda generator, size: generator.random(size))
        self._normal = self._drawn("normal", lambda generator, size: generator.standard_normal(size))
        self._generator: np.random.Generator | None = None
        self._bytes: np.random.Generator | None = None
        self._samplers = 0

    @property
    def generator(self) -> np.random.Generator:
        """A numpy Generator of this stream for vectorised draws, apart from the scalar ones."""
        if self._generator is None:
            self._generator = _generator(self.seed, self.name, "generator")
        return self._generator

    def integers(self, low: int, high: int) -> int:
        """A whole number in [low, high); the span is at most 2**53."""
        span = high - low
        if not 0 < span <= _WIDEST_SPAN:
            raise ValueError(f"stream {self.name!r}: integers({low}, {high}) needs 0 < high - low <= 2**53")
        return low + int(self.uniform() * span)

    def choice(self, items: Sequence[_Item]) -> _Item:
        """One of `items`, each as likely."""
        if not items:
            raise ValueError(f"stream {self.name!r}: choice from nothing")
        return items[int(self.uniform() * len(items))]

    def bernoulli(self, probability: float) -> bool:
        """True with this probability; always one draw, so that changing the probability shifts nothing."""
        return self.uniform() < probability

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Shuffle in place."""
        uniform = self.uniform
        for last in range(len(items) - 1, 0, -1):
            other = int(uniform() * (last + 1))
            items[last], items[other] = items[other], items[last]

    def bytes(self, length: int) -> bytes:
        """`length` random bytes."""
        if self._bytes is None:
            self._bytes = _generator(self.seed, self.name, "bytes")
        return self._bytes.bytes(length)

    def exponential_ns(self, mean_ns: float) -> int:
        """An exponential wait in whole nanoseconds."""
        return round(-math.log1p(-self.uniform()) * mean_ns)

    def lognormal_ns(self, median_ns: float, sigma: float) -> int:
        """A lognormal duration in whole nanoseconds: median * exp(sigma * N(0, 1))."""
        return round(median_ns * math.exp(sigma * self._normal()))

    def lognormal_sampler(self, median_ns: float, sigma: float) -> Callable[[], int]:
        """`lognormal_ns` with its parameters fixed, for hot paths; has its own sequence, by order of creation."""
        if median_ns <= 0 or sigma < 0:
            raise ValueError(f"stream {self.name!r}: lognormal needs median_ns > 0 and sigma >= 0")
        return self._sampler(lambda generator, size: median_ns * np.exp(sigma * generator.standard_normal(size)))

    def exponential_sampler(self, mean_ns: float) -> Callable[[], int]:
        """`exponential_ns` with its mean fixed, for hot paths; has its own sequence, by order of creation."""
        if mean_ns <= 0:
            raise ValueError(f"stream {self.name!r}: exponential needs mean_ns > 0")
        return self._sampler(lambda generator, size: mean_ns * generator.standard_exponential(size))

    def _sampler(self, draw: Callable[[np.random.Generator, int], np.ndarray]) -> Callable[[], int]:
        self._samplers += 1
        return self._drawn(
            f"sampler-{self._samplers}",
            lambda generator, size: np.rint(np.minimum(draw(generator, size), _MOST_NS)).astype(np.int64),
        )

    def _drawn(self, purpose: str, draw: Callable[[np.random.Generator, int], np.ndarray]) -> Callable[[], Any]:
        return _one_by_one(self.seed, self.name, purpose, draw).__next__


def _one_by_one(
    seed: int, name: str, purpose: str, draw: Callable[[np.random.Generator, int], np.ndarray]
) -> Iterator[Any]:
    generator = _generator(seed, name, purpose)
    size = _FIRST_BLOCK
    while True:
        for value in draw(generator, size).tolist():  # noqa: UP028 (half the cost of `yield from`)
            yield value
        size = min(2 * size, _LAST_BLOCK)


def _generator(seed: int, name: str, purpose: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}\0{name}\0{purpose}".encode("utf-8", "surrogatepass")).digest()
    words = np.frombuffer(digest, "<u4")  # what numpy would make of it as one integer, at a third of the time
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def tie_seed(seed: int) -> int:
    """What shuffles ties at one instant when the world is explored."""
    return int(_generator(seed, "kernel", "ties").integers(1 << 62))
