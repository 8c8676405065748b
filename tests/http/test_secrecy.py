"""I13 over HTTP: no card number, key or signature in a log line, a problem or a metric, whatever was sent where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.http.examples import EVENT, EXAMPLES
from engine.http.masking import HIDDEN, MASK, is_clean, masked, redacted
from engine.http.stripe_signature import sign
from engine.interface import EngineError
from engine.wire import ROUTES, encode
from tests.http.test_verbs import Raising
from tests.http.world import JSON, KEYS, OPS, SECRET, World, bearer, opened

PAN = "4111111111111111"
SPELLINGS = (PAN, "4111 1111 1111 1111", "4111-1111-1111-1111")
NOW_S = 1_772_323_200


def shows_a_card_number(text: str) -> bool:
    return PAN in text.replace(" ", "").replace("-", "")


async def drive(world: World, pan: str) -> list[str]:
    """Bodies with a card number to every route, in every field and beside them; the problems that come back."""
    problems = []
    async with world.client(**bearer(OPS)) as client:
        headers = JSON | {"x-request-id": pan, "idempotency-key": pan, "user-agent": pan}
        for verb, path in ROUTES.items():
            raw = encode(EXAMPLES[verb])
            changes = [{pan: 1}, *({name: pan} for name in raw), *({name: int(PAN)} for name in raw)]
            for body in [json.dumps(raw | change) for change in changes] + [f'"{pan}"', f'{{"{pan}', pan]:
                for more in (headers, JSON):
                    answer = await client.post(path, content=body, headers=more)
                    if answer.status_code != 200:
                        problems.append(answer.text)
        for path in (f"/v1/accounts/{pan}/balance", f"/v1/accounts/{pan}/transactions?before={pan}", f"/{pan}"):
            problems += [(await client.request(verb, path, headers=headers)).text for verb in ("GET", "POST", "PUT")]
        for body in (json.dumps(EVENT | {"id": pan}), json.dumps(EVENT | {"created": pan}), json.dumps({pan: pan})):
            for signature in (sign(SECRET, NOW_S, body.encode()), f"t={pan},v1={pan}"):
                answer = await client.post(
                    "/webhook/card-auth", content=body, headers=JSON | {"stripe-signature": signature}
                )
                problems.append(answer.text)
        problems.append((await client.get("/healthz", headers={"authorization": f"Bearer {pan}"})).text)
        problems.append((await client.get("/metrics")).text)
    return problems


@pytest.mark.parametrize("pan", SPELLINGS)
@pytest.mark.parametrize("fails", [False, True])
async def test_no_card_number_leaves_in_a_log_a_problem_or_a_metric(pan: str, fails: bool) -> None:
    engine = Raising(EngineError(f"cannot store {pan}")) if fails else None
    world = World(engine, api_keys=KEYS, slow_ms=0, log_sample=1, log_level="debug")
    if not fails:
        async with world.client(**bearer(OPS)) as client:
            await opened(client)
    problems = await drive(world, pan)
    assert len(problems) > 100
    assert not [text for text in problems if shows_a_card_number(text)]
    logged = world.log.getvalue()
    assert len(logged.splitlines()) >= 50
    assert not shows_a_card_number(logged)
    for secret in (OPS, SECRET, "Bearer"):
        assert secret not in logged + "".join(problems)


@given(
    st.text(alphabet="ab :", max_size=5),
    st.integers(10**11, 10**19).map(str),
    st.lists(st.sampled_from(["", " ", "-"]), min_size=20, max_size=20),
    st.text(alphabet="xy.", max_size=5),
)
def test_twelve_digits_or_more_are_masked_however_they_are_spaced(
    before: str, digits: str, gaps: list[str], after: str
) -> None:
    spaced = "".join(digit + gap for digit, gap in zip(digits, gaps, strict=False)).rstrip(" -")
    text = masked(before + spaced + after)
    assert text == before + MASK + after
    assert is_clean(text)


def test_short_numbers_stay() -> None:
    assert masked("amount 12345678901 at 5411") == "amount 12345678901 at 5411"


def test_values_under_secret_names_are_hidden_to_any_depth() -> None:
    event = {"pan": "x", "api_key": "y", "Authorization": "z", "inner": {"cvv": 1, "list": [PAN, int(PAN), 7, None]}}
    assert redacted(None, "", event) == {
        "pan": HIDDEN, "api_key": HIDDEN, "Authorization": HIDDEN,
        "inner": {"cvv": HIDDEN, "list": [MASK, MASK, 7, None]},
    }  # fmt: skip
