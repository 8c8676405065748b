"""How many stormy seeds one core gets through in a second of CPU time: `python -m tests.bench.fuzzing [seeds]`."""

from __future__ import annotations

import json
import sys
import time

from scenarios.fuzz.case import Case, ready
from scenarios.fuzz.trial import attempt
from scenarios.loader import load_scenario

WARM_UP_SEEDS = 5


def main() -> None:
    """Print the figures as one line of JSON."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    prepared = ready(Case.of(load_scenario("storm").scenario))
    for seed in range(WARM_UP_SEEDS):
        attempt(prepared, seed)
    begun_s = time.process_time()
    swipes = sum(attempt(prepared, seed).swipes for seed in range(count))
    cpu_s = time.process_time() - begun_s
    print(json.dumps({"seeds": count, "swipes": swipes, "cpu_s": cpu_s, "seeds_per_s": count / cpu_s}))


if __name__ == "__main__":
    main()
