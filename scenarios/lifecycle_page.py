"""``docs/LIFECYCLE.md``, printed from the tables that the engine obeys.

``python -m scenarios.lifecycle_page > docs/LIFECYCLE.md`` writes it anew; a test wants it up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from engine.domain import lifecycle
from engine.domain.authorization import Status
from engine.domain.decline import VOCABULARY
from engine.domain.disputes import CREDITED, NEXT, DisputeState
from engine.domain.lifecycle import TABLE, Event, Refusal


def page() -> str:
    """The whole page, in Markdown with Mermaid pictures."""
    return "\n".join([*_authorizations(), *_disputes(), *_reasons()]) + "\n"


def _authorizations() -> Iterator[str]:
    yield "# The life of an authorization"
    yield ""
    yield "Printed from `engine/domain/lifecycle.py` by `python -m scenarios.lifecycle_page`; not written by hand."
    yield ""
    yield from _picture()
    yield ""
    yield "| event | " + " | ".join(_state(status) for status in TABLE) + " |"
    yield "|---|" + "---|" * len(TABLE)
    for event in Event:
        yield f"| {event} | " + " | ".join(_cell(TABLE[status][event]) for status in TABLE) + " |"
    yield ""
    yield "**Bold** is the state that follows; anything else changes nothing:"
    yield ""
    for refusal in Refusal:
        yield f"- `{refusal}`: {_said(Refusal, refusal)}"
    yield ""
    yield "The events:"
    yield ""
    for event in Event:
        yield f"- `{event}`: {_said(Event, event)}"
    yield ""


def _picture() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for status, row in TABLE.items():
        arrows: dict[Status, list[str]] = {}
        for event, result in row.items():
            if isinstance(result, Status):
                arrows.setdefault(result, []).append(event)
        for after, events in arrows.items():
            yield f"    {status or '[*]'} --> {after}: {', '.join(events)}"
    for status in TABLE:
        if status is not None and not any(isinstance(result, Status) for result in TABLE[status].values()):
            yield f"    {status} --> [*]"
    yield "```"


def _disputes() -> Iterator[str]:
    yield "# The life of a dispute"
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    for state, following in NEXT.items():
        for after in DisputeState:
            if after in following:
                yield f"    {state or '[*]'} --> {after}"
        if not following:
            yield f"    {state} --> [*]"
    yield "```"
    yield ""
    credited = ", ".join(f"`{state}`" for state in DisputeState if state in CREDITED)
    yield f"The customer has the amount in {credited}: provisionally, and for good once `won`."
    yield "Any other step is refused, and changes nothing."
    yield ""


def _reasons() -> Iterator[str]:
    yield "# Why an authorization is declined"
    yield ""
    yield "Highest precedence first: where several reasons hold, the first one is answered."
    yield ""
    yield "| reason | ISO 8583 | Stripe |"
    yield "|---|---|---|"
    for reason, (iso, stripe) in VOCABULARY.items():
        yield f"| `{reason}` | {iso} | `{stripe}` |"


def _state(status: Status | None) -> str:
    return "*(not seen)*" if status is None else str(status)


def _cell(result: Status | Refusal) -> str:
    return f"**{result}**" if isinstance(result, Status) else f"`{result}`"


def _said(cls: type[Event] | type[Refusal], member: Event | Refusal) -> str:
    """What the source says of a member: the string under it."""
    lines = (lifecycle.__loader__.get_source(lifecycle.__name__) or "").splitlines()
    start = lines.index(f"class {cls.__name__}(StrEnum):")
    at = next(i for i in range(start, len(lines)) if lines[i].startswith(f"    {member.name} = "))
    said, line = [], at + 1
    while True:
        said.append(lines[line].strip().removeprefix('"""'))
        if lines[line].rstrip().endswith('"""'):
            return " ".join(said).removesuffix('"""')
        line += 1


if __name__ == "__main__":
    sys.stdout.write(page())
