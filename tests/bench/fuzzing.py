"""How many stormy seeds one core gets through in a second of CPU time: `python -m tests.bench.fuzzing [seeds]`.

Beside it, how much dearer a stormy seed is than one of the same world in fair weather: the two take turns, so that a
machine that slows down slows both.
"""

from __future__ import annotations

import json
import sys
import time

from scenarios.fuzz.case import Case, Ready, ready
from scenarios.fuzz.trial import attempt
from scenarios.loader import load_scenario

WARM_UP_SEEDS = 5
AT_ONCE = 10
FAIR = "faults.kinds=[]"


def batch(prepared: Ready, seeds: range) -> tuple[int, float]:
    """The swipes of these seeds, and the CPU time of them."""
    begun_s = time.process_time()
    swipes = sum(attempt(prepared, seed).swipes for seed in seeds)
    return swipes, time.process_time() - begun_s


def main() -> None:
    """Print the figures as one line of JSON."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    stormy, fair = (ready(Case.of(load_scenario("storm", more).scenario)) for more in ((), (FAIR,)))
    for prepared in (stormy, fair):
        batch(prepared, range(WARM_UP_SEEDS))
    swipes, cpu_s, fair_cpu_s = 0, 0.0, 0.0
    for first in range(0, count, AT_ONCE):
        seeds = range(first, min(first + AT_ONCE, count))
        some, some_s = batch(stormy, seeds)
        swipes, cpu_s, fair_cpu_s = swipes + some, cpu_s + some_s, fair_cpu_s + batch(fair, seeds)[1]
    figures = {"seeds": count, "swipes": swipes, "cpu_s": cpu_s, "seeds_per_s": count / cpu_s}
    print(json.dumps(figures | {"fair_seeds": count, "overhead": cpu_s / fair_cpu_s}))


if __name__ == "__main__":
    main()
