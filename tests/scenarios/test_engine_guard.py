"""What an engine of the user's own answers is looked at down to the last field, and a wrong one is told as its."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.interface import (
    AdviceOutcome,
    AdviceReceipt,
    AuthorizationRequest,
    AuthorizationResponse,
    Balance,
    CaptureOutcome,
    CaptureResult,
    ClearingBatch,
    ClearingReceipt,
    DeclineReason,
    DisputeOutcome,
    DisputeReceipt,
    DisputeState,
    ExpiryReceipt,
    NoticeReceipt,
    NotSupported,
    Presentment,
    ReversalResponse,
    SettlementReceipt,
    StatementEntry,
    StatementKind,
    StatementPage,
)
from engine.wire import VERBS
from scenarios.cli import main
from scenarios.engine_guard import GuardedEngine, WrongAnswer
from scenarios.problems import BadInput

REQUEST = AuthorizationRequest("k", "a1", "card", 100, "visa", "shop", "5411", 1)
BATCH = ClearingBatch(
    "k", "visa", "f", 1, (Presentment("p1", "a1", "c", "visa", 7), Presentment("p2", "a2", "c", "v", 8))
)
APPROVED = AuthorizationResponse("a1", True, 100, "00", None, 9)
DECLINED = AuthorizationResponse("a1", False, 0, "51", DeclineReason.INSUFFICIENT_FUNDS, 0)
RESULT = CaptureResult("p1", CaptureOutcome.POSTED, 7, 0, 0)
RECEIPT = ClearingReceipt("f", (RESULT, RESULT))
ENTRY = StatementEntry(StatementKind.CAPTURE, "p1", "ada", 70_000, 1)
PAGE = StatementPage((ENTRY, ENTRY), -1)
SOUND = {
    "open_account": (None, None),
    "authorize": (REQUEST, DECLINED),
    "advise": (None, AdviceReceipt("a1", AdviceOutcome.ADOPTED, 100, 9)),
    "reverse": (None, ReversalResponse("a1", 0)),
    "capture": (BATCH, RECEIPT),
    "dispute": (None, DisputeReceipt("d1", DisputeOutcome.APPLIED, DisputeState.NEW, 0, 0)),
    "deposit": (None, NoticeReceipt("d1", True)),
    "withdraw": (None, NoticeReceipt("w1", False)),
    "expire": (1, ExpiryReceipt(("a1", "a2"))),
    "settle": (1, SettlementReceipt(1, 1, 1, 70_000, 21_000)),
    "balance": ("ada", Balance("ada", 1, 2, 3, 4, 5)),
    "statement": (0, PAGE),
}


class Answering:
    """Answers every verb with the same."""

    def __init__(self, answer: Any) -> None:
        async def call(message: Any) -> Any:
            return answer

        for verb in VERBS:
            setattr(self, verb, call)


def ask(verb: str, answer: Any, message: Any = None) -> Any:
    guarded = GuardedEngine(Answering(answer), "mine:build")
    return asyncio.run(getattr(guarded, verb)(SOUND[verb][0] if message is None else message))


@pytest.mark.parametrize("verb", VERBS)
def test_a_sound_answer_is_passed_on_as_it_is(verb: str) -> None:
    assert ask(verb, SOUND[verb][1]) is SOUND[verb][1]


def test_an_approval_is_sound_without_a_reason() -> None:
    assert ask("authorize", APPROVED) is APPROVED


@pytest.mark.parametrize(
    ("verb", "answer", "said"),
    [
        ("open_account", 7, "int, not nothing"),
        ("authorize", None, "nothing, not AuthorizationResponse"),
        ("authorize", replace(APPROVED, approved_cents=None), "approved_cents: expected int, got nothing"),
        ("authorize", replace(APPROVED, approved=1), "approved: expected bool, got the int 1"),
        ("authorize", replace(APPROVED, approved_cents=True), "approved_cents: expected int, got the bool True"),
        (
            "authorize",
            replace(DECLINED, reason="no_funds"),
            "reason: expected DeclineReason or nothing, got the str 'no",
        ),
        ("authorize", replace(DECLINED, reason=None), "reason: expected DeclineReason for a decline, got nothing"),
        (
            "authorize",
            replace(APPROVED, reason=DeclineReason.CARD_EXPIRED),
            "reason: expected nothing for an approval, got the DeclineReason 'card_expired'",
        ),
        ("reverse", ReversalResponse("a1", 1.5), "released_cents: expected int, got the float 1.5"),
        (
            "capture",
            ClearingReceipt("f", (RESULT,)),
            "results: expected 2, one for each presentment of the batch, got 1",
        ),
        ("capture", ClearingReceipt("f", [RESULT, RESULT]), "results: expected tuple, got a list"),
        ("capture", ClearingReceipt("f", (RESULT, None)), "results[1]: expected CaptureResult, got nothing"),
        (
            "capture",
            ClearingReceipt("f", (RESULT, replace(RESULT, posted_cents="7"))),
            "results[1].posted_cents: expected int, got the str '7'",
        ),
        ("deposit", NoticeReceipt(None, True), "ref: expected str, got nothing"),
        ("expire", ExpiryReceipt(None), "expired: expected tuple, got nothing"),
        ("expire", ExpiryReceipt(("a", 1)), "expired[1]: expected str, got the int 1"),
        ("settle", SettlementReceipt(1, 1, 1, "7", 1), "settled_usdc6: expected int, got the str '7'"),
    ],
)
def test_a_wrong_field_is_an_error_of_the_engine_that_names_it(verb: str, answer: Any, said: str) -> None:
    with pytest.raises(WrongAnswer) as error:
        ask(verb, answer)
    wrong = "" if ", not " in said else f"a wrong {type(answer).__name__}: "
    assert str(error.value).startswith(f"{verb} of 'mine:build' answered {wrong}{said}")


@pytest.mark.parametrize(
    ("verb", "answer", "said"),
    [
        ("balance", Balance("ada", None, 2, 3, 4, 5), "available_usdc6: expected int, got nothing"),
        (
            "statement",
            StatementPage((ENTRY, replace(ENTRY, kind="capture")), -1),
            "entries[1].kind: expected StatementKi",
        ),
        ("statement", StatementPage((replace(ENTRY, at_ns=None),), -1), "entries[0].at_ns: expected int, got nothing"),
        ("statement", replace(PAGE, next_cursor=None), "next_cursor: expected int, got nothing"),
    ],
)
def test_a_wrong_field_when_the_books_are_closed_ends_the_run_with_its_name(verb: str, answer: Any, said: str) -> None:
    with pytest.raises(BadInput) as error:
        ask(verb, answer)
    expected = f"engine 'mine:build': {verb} answered a wrong {type(answer).__name__}: {said}"
    assert str(error.value).startswith(expected)


def lacking(*verbs: str) -> Answering:
    """An engine without these verbs."""
    engine = Answering(None)
    for verb in verbs:
        delattr(engine, verb)
    return engine


@pytest.mark.parametrize("verb", ["advise", "dispute"])
def test_an_engine_may_have_been_written_before_a_verb_was_there(verb: str) -> None:
    with pytest.raises(NotSupported, match=f"offers no {verb}"):
        asyncio.run(getattr(GuardedEngine(lacking(verb), "mine:build"), verb)(None))


def test_an_engine_that_need_not_be_whole_may_lack_any_verb_but_not_all() -> None:
    with pytest.raises(BadInput, match="it has no reverse"):
        GuardedEngine(lacking("reverse", "advise"), "mine:build")
    with pytest.raises(NotSupported, match="offers no reverse"):
        asyncio.run(GuardedEngine(lacking("reverse"), "mine:build", whole=False).reverse(None))
    with pytest.raises(BadInput, match="it has no open_account"):
        GuardedEngine(lacking(*VERBS), "mine:build", whole=False)


class Word(str):
    """A string of the user's own."""


def test_a_subclass_of_the_right_type_will_do() -> None:
    answer = replace(APPROVED, authorization_id=Word("a1"))
    assert ask("authorize", answer) is answer
    receipt = ExpiryReceipt((Word("a1"),))
    assert ask("expire", receipt) is receipt


@given(
    st.sampled_from([verb for verb in VERBS if verb != "open_account"]),
    st.sampled_from([b"", 1.5, [], {}, object()]),
    st.data(),
)
def test_no_field_of_any_answer_takes_what_the_contract_has_no_word_for(verb: str, junk: Any, data: Any) -> None:
    answer = SOUND[verb][1]
    field = data.draw(st.sampled_from([field.name for field in fields(answer)]))
    with pytest.raises((WrongAnswer, BadInput), match=f" {field}: expected "):
        ask(verb, replace(answer, **{field: junk}))


# ---- in a whole run -----------------------------------------------------------------------------------------------

WORLD = """\
name: tiny
shows: A purchase, and one that cannot be paid.
seed: 3
world:
  duration: 10m
  drain: 2d
  warmup: 5m
  people: [ada]
  script:
    - {at: 1m, do: swipe, cardholder: ada, amount_cents: 500}
    - {at: 2m, do: swipe, cardholder: ada, amount_cents: 90000000}
chain: {node: revm}
budgets: {counts.approved.min: 1, counts.declined.min: 1}
"""
ENGINE = """\
from dataclasses import replace
from scenarios.engines import asgi_app, reference

class Engine:
    def __init__(self, kit):
        self._inner = reference.build(kit)
    def __getattr__(self, name):
        return getattr(self._inner, name)
    async def {verb}(self, message):
        answer = await self._inner.{verb}(message)
        return {spoiled}

app = asgi_app.KitApp(Engine)
"""


@pytest.mark.parametrize(
    ("how", "verb", "spoiled", "code"),
    [
        ("{}:Engine", "authorize", "answer", 0),
        ("{}:Engine", "authorize", "replace(answer, reason=None)", 1),
        ("asgi:{}:app", "authorize", "replace(answer, reason=None)", 1),
        ("{}:Engine", "authorize", "replace(answer, approved_cents=None)", 1),
        ("{}:Engine", "capture", "replace(answer, results=())", 1),
        ("asgi:{}:app", "capture", "replace(answer, results=())", 1),
        (
            "{}:Engine",
            "capture",
            "replace(answer, results=tuple(replace(r, posted_cents='7') for r in answer.results))",
            1,
        ),
        ("{}:Engine", "settle", "replace(answer, settled_usdc6='7')", 1),
        ("{}:Engine", "expire", "type(answer)(None)", 1),
        ("{}:Engine", "balance", "replace(answer, held_usdc6=None)", 2),
        ("asgi:{}:app", "balance", "replace(answer, held_usdc6=None)", 2),
        ("asgi:{}:app", "settle", "replace(answer, settled_usdc6='7')", 1),
        ("{}:Engine", "statement", "replace(answer, entries=tuple(replace(e, at_ns=None) for e in answer.entries))", 2),
    ],
)
def test_a_wrong_field_fails_the_run_and_is_no_fault_of_ours(
    how: str,
    verb: str,
    spoiled: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = f"spoiled_{hashlib.sha256(f'{how}{verb}{spoiled}'.encode()).hexdigest()[:8]}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "tiny.yaml").write_text(WORLD)
    (tmp_path / f"{module}.py").write_text(ENGINE.format(verb=verb, spoiled=spoiled))
    before = signal.getsignal(signal.SIGTERM)
    try:
        ended = main(["run", "tiny.yaml", "--engine", how.format(module)])
    finally:
        signal.signal(signal.SIGTERM, before)
    out, err = capsys.readouterr()
    assert ended == code, out + err
    if code == 1:
        crashes = json.loads(next(tmp_path.glob("runs/*/report.json")).read_text())["crashes"]
        assert all(verb in crash["detail"] and "expected" in crash["detail"] for crash in crashes), crashes
        assert crashes
    assert (f"{verb} answered a wrong " in err or f"{verb} failed at " in err) is (code == 2)


QUITTER = """\
import asyncio, sys
from scenarios.engines import asgi_app, reference

def build(kit):
    engine = reference.build(kit)
    asks = engine.authorize
    async def quit(message):
        sys.exit({code})
    async def later(message):
        asyncio.create_task(quit(message))
        return await asks(message)
    engine.authorize = {how}
    return engine

app = asgi_app.KitApp(build)
"""


@pytest.mark.parametrize(
    ("how", "reference", "code"),
    [("quit", "quitter:build", "0"), ("later", "quitter:build", "7"), ("quit", "asgi:quitter:app", "")],
)
@pytest.mark.parametrize("command", [("run",), ("fuzz", "--seeds", "0:1", "--jobs", "1")], ids=" ".join)
def test_an_engine_that_calls_sys_exit_is_told_so_and_gives_no_verdict(
    command: tuple[str, ...],
    how: str,
    reference: str,
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "quitter", raising=False)
    (tmp_path / "tiny.yaml").write_text(WORLD)
    (tmp_path / "quitter.py").write_text(QUITTER.format(code=code, how=how))
    before = signal.getsignal(signal.SIGTERM)
    try:
        ended = main([command[0], "tiny.yaml", "--engine", reference, *command[1:]])
    finally:
        signal.signal(signal.SIGTERM, before)
        sys.modules.pop("quitter", None)
    err = capsys.readouterr().err
    assert ended == 2
    assert 'quitter.py", line 8, in quit: sys.exit(' in err
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("runs/*/report.json"))
