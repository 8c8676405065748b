"""docs/BUGS.md, from what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.bugs.benchmark import Benchmark
from scenarios.bugs.catalogue import PLANNED
from scenarios.bugs.figures import Figures
from scenarios.bugs.record import Family

_HEAD = """\
# Seeded bugs

How much does a silent auditor mean? Each engine below is the production engine with one realistic fault planted in it.
Each fault names beforehand the invariant ([INVARIANTS](INVARIANTS.md)) that has to catch it; only that alarm counts.
This page is written by `swipelab bugs --page docs/BUGS.md`; `swipelab run FILE --engine bug:ID` shows any of them, in
the worlds of `scenarios/bugs/worlds/`.

A bug is a few lines of text replaced in a copy of the engine, made in memory (`scenarios/bugs/planting.py`): the
production code has no hooks for it. The catalogue is `scenarios/bugs/catalogue/`.
"""

_WORDS = """\
## What the figures mean

- **by**: the invariant that has to alarm. **caught**: seeds, of those run, in which it did, and the right engine was
  not accused of the same. All of 59 means: at least 95 %, with a confidence of 95 %.
- **reached**: seeds in which the changed statement ran. **triggered**: seeds in which anything that crosses the
  wire or happens on chain, its time included, differs from the right engine's run of that seed. What differs inside
  alone, and never shows, is not counted. A bug that changes the number of a backend's calls shifts every latency that
  follows, and counts as triggered at once.
- **swipes**: purchases begun when the alarm came: the median over all seeds by Kaplan-Meier (a seed without alarm was
  watched to its end, and counts so), `-` where fewer than half of them come to it; and the worst. Some alarms can come
  only when the books are closed, after all swipes.
- **faults off**: caught in how many of the first seeds, where nothing is lost, doubled, late or broken. **FIFO**: the
  same with faults, but with ties in time not shuffled. **few**: the same with both, to compare. **unit**: whether a
  test of `tests/engine` fails on it; those that run nothing of what is changed are left out, as they cannot.
- **hard** is one of these: by design it shows under one date, one amount or one interleaving alone; it needs faults
  (*faults alone*: caught among the first seeds, and in none of them with faults off); or it is caught in a quarter of
  the seeds at most (*seldom*).
"""


def page(benchmark: Benchmark) -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_summary(benchmark), "", _WORDS, *_families(benchmark), *_planned())).rstrip() + "\n"


def _summary(benchmark: Benchmark) -> Iterator[str]:
    found = benchmark.figures
    hard = sum(bool(one.hard) for one in found)
    yield "## In short\n"
    yield f"- {len(found)} bugs are planted, {hard} of them hard; {len(found) - len(benchmark.missed)} are caught."
    whole = sum(one.caught == one.seeds for one in found)
    yield f"- {whole} are caught in each of {benchmark.seeds} seeds."
    if benchmark.missed:
        yield f"- **Missed**: {', '.join(benchmark.missed)}."
    rare = [one for one in found if one.caught and 4 * one.caught <= one.seeds]
    if rare:
        yield f"- {len(rare)} are caught in at most a quarter of the seeds: {', '.join(one.bug.id for one in rare)}."
    if benchmark.left_out:
        yield f"- **Not run in the time given**: {', '.join(benchmark.left_out)}."
    alarms = len(benchmark.false_alarms)
    seeds, runs = f"{benchmark.right_seeds:,} seeds", f"{benchmark.right_runs:,} runs of {len(benchmark.worlds)} worlds"
    yield f"- The right engine raises {alarms or 'no'} alarm{'s' * (alarms > 1)} in {seeds} ({runs})."
    for world, seed, said in benchmark.false_alarms:
        yield f"  - {world}, seed {seed}: {said}"
    yield from _measured(benchmark)
    compared = tuple(one for one in found if one.few is not None and None not in (one.no_faults, one.fifo))
    if compared:
        yield ""
        yield from _ablations(compared, benchmark.ablation_seeds)


def _measured(benchmark: Benchmark) -> Iterator[str]:
    """What was run: how many seeds, in which ways."""
    found = benchmark.figures
    ways = {
        "faults off": sum(one.no_faults is not None for one in found),
        "FIFO ties": sum(one.fifo is not None for one in found),
    }
    said = [
        f"{name} of {bugs} bugs in their first {benchmark.ablation_seeds} seeds" for name, bugs in ways.items() if bugs
    ]
    if tested := sum(one.unit_tests is not None for one in found):
        said.append(f"the unit tests on {tested} bugs")
    also = f"; besides, {', '.join(said)}" if said else "; in no other way"
    yield f"- Measured: {len(found)} bugs under {benchmark.seeds} seeds each, with faults and shuffled ties{also}."
    if benchmark.undone:
        yield f"- **Not complete**: {benchmark.undone} of {benchmark.parts} parts were not done in the time given."
    yield f"- All of it took {benchmark.wall_s / 60:.1f} minutes in {benchmark.jobs} processes."


def _ablations(found: tuple[Figures, ...], seeds: int) -> Iterator[str]:
    """Each way on the same first seeds of the same bugs."""
    yield f"| what each part brings, in {seeds} seeds of {len(found)} bugs | bugs caught at all | of all seeds |"
    yield "|---|---|---|"
    whole, fifo, calm = ([getattr(one, name) or 0 for one in found] for name in ("few", "fifo", "no_faults"))
    for name, caught in (("everything", whole), ("FIFO ties only", fifo), ("faults off", calm)):
        share_pct = 100 * sum(caught) / (seeds * len(found))
        yield f"| {name} | {sum(map(bool, caught))} of {len(found)} | {share_pct:.0f} % |"
    tested = [one for one in found if one.unit_tests is not None]
    yield f"| the unit tests alone | {sum(bool(one.unit_tests) for one in tested)} of {len(tested)} | |"
    yield ""
    lost = sum(w > 0 == c for w, c in zip(whole, calm, strict=True))
    less = sum(map(_less, whole, calm))
    yield f"- Faults: without them {lost} of the bugs are not caught any more, {less} others in fewer seeds."
    lost = sum(w > 0 == f for w, f in zip(whole, fifo, strict=True))
    less = sum(map(_less, whole, fifo))
    yield f"- Shuffled ties: without them {lost} of the bugs are not caught any more, {less} others in fewer seeds."
    unseen = sum(one.unit_tests is False and one.caught > 0 for one in found)
    other = sum(one.unit_tests is True and not one.caught for one in found)
    yield f"- Worlds and auditor: they catch {unseen} bugs that no unit test sees; {other} are the other way round."


def _less(whole: int, without: int) -> bool:
    return whole > without > 0


def _families(benchmark: Benchmark) -> Iterator[str]:
    for family in Family:
        members = [one for one in benchmark.figures if one.bug.family is family]
        if not members:
            continue
        yield f"## {family.capitalize()}\n"
        yield "| bug | by | caught | reached | triggered | swipes, median / worst | few | faults off | FIFO | unit |"
        yield "|---|---|---|---|---|---|---|---|---|---|"
        yield from (_row(one) for one in members)
        yield ""
        yield from (_line(one) for one in members)
        yield ""


def _row(one: Figures) -> str:
    caught = f"{one.caught} of {one.seeds}"
    unit = "-" if one.unit_tests is None else "yes" if one.unit_tests else "no"
    swipes = f"{_or_dash(one.median_swipes)} / {_or_dash(one.worst_swipes)}"
    cells = (
        f"`{one.bug.id}`", one.bug.invariant, caught if one.caught else f"**{caught}**", one.reached, one.triggered,
        swipes, _or_dash(one.few), _or_dash(one.no_faults), _or_dash(one.fifo), unit,
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _line(one: Figures) -> str:
    hard = f" Shows with {one.bug.only_when}." if one.bug.only_when else ""
    if one.hard:
        hard += f" **Hard**: {one.hard}."
    if one.bug.corrected:
        hard += f" {one.bug.corrected}"
    broke = f" In {one.broke} seeds the world came down instead." if one.broke else ""
    if one.crashed:
        broke += f" In {one.crashed} seeds the engine crashed on a message."
    return f"- `{one.bug.id}` ({one.bug.world}): {one.bug.what} {one.bug.why}{hard}{broke}"


def _planned() -> Iterator[str]:
    if PLANNED:
        yield "## Designed and not planted\n"
        yield "None of these is counted above.\n"
        yield "| bug | family | what | invariant | waits for |"
        yield "|---|---|---|---|---|"
        for one in PLANNED:
            yield f"| `{one.id}` | {one.family} | {one.what} | {one.invariant} | {one.waits_for} |"


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)
