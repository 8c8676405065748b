"""Move every boundary of money and time by one, and name those that no test misses.

    python -m tests.boundaries [--only PATTERN ...] [--from NUMBER] [--tests TEST ...] [--list] [--equivalent]

``--only`` takes shell patterns that match a part of ``file:line: old -> new``, as ``--list`` prints it; so the work can
be cut in pieces, and taken up again with ``--from``. ``--tests`` are run instead of all that reach the module.
``--equivalent`` tries those that are listed as equivalent: one that is killed is no longer. The exit code is 1 where a
mutant survives that is not listed.
"""

from __future__ import annotations

import argparse
import time
from fnmatch import fnmatch

from tests.boundaries.equivalent import listed, stale
from tests.boundaries.mutants import all_mutants
from tests.boundaries.trial import Verdict, judge


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.boundaries")
    options.add_argument("--only", action="append", default=[])
    options.add_argument("--from", type=int, default=1, dest="first")
    options.add_argument("--tests", nargs="+", default=[])
    options.add_argument("--list", action="store_true")
    options.add_argument("--equivalent", action="store_true")
    given = options.parse_args()
    mutants = all_mutants()
    for entry in stale(mutants):
        print(f"no such mutant any more: {entry.file}: {entry.line}: {entry.new}")
    wrong = len(stale(mutants))
    chosen = [one for one in mutants if not given.only or any(fnmatch(one.name, f"*{only}*") for only in given.only)]
    chosen = [one for one in chosen if given.list or (listed(one) is not None) == given.equivalent]
    survived = hung = 0
    for number, mutant in list(enumerate(chosen, 1))[given.first - 1 :]:
        if given.list:
            print(mutant.name, "(listed as equivalent)" if listed(mutant) else "")
            continue
        began_s = time.perf_counter()
        verdict = judge(mutant, given.tests)
        hung += verdict is Verdict.HUNG
        survived += verdict not in (Verdict.KILLED, Verdict.HUNG)
        wrong += (verdict is Verdict.KILLED) == given.equivalent
        shown = f"{number}/{len(chosen)} {time.perf_counter() - began_s:5.1f} s"
        print(f"{verdict.name:9} {shown}  {mutant.name}", flush=True)
    print(
        f"{len(chosen)} mutants"
        + ("" if given.list else f", {survived} survived" + (f", {hung} hung: look at them" if hung else ""))
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
