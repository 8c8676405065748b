"""Settings by environment: typed, secrets never shown, one clear line for what is wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.settings import DEADLINES_MS, Processor, Settings, SettingsError, is_loopback, load_settings
from engine.settings_keys import Role, parse_keys

KEY = "k-0123456789abcdef"
SECRETS = ("DATABASE_URL", "REDIS_URL", "RPC_URL", "SETTLER_KEY", "WEBHOOK_SECRET")


def test_without_a_variable_it_is_a_sandbox_on_loopback() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.workers, settings.api_keys) == ("127.0.0.1", 8000, 2, ())
    assert settings.webhook_secret is None
    assert settings.processor_deadline_ms == 2_000


def test_an_open_sandbox_is_refused_beyond_loopback() -> None:
    with pytest.raises(SettingsError, match=r"^SWIPELAB_API_KEYS: not set, .* set it, or SWIPELAB_HOST=127\.0\.0\.1"):
        load_settings({"SWIPELAB_HOST": "0.0.0.0"})
    assert load_settings({"SWIPELAB_HOST": "0.0.0.0", "SWIPELAB_API_KEYS": f"ops:operator:{KEY}"}).api_keys


@pytest.mark.parametrize(
    "host,loopback",
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_what_counts_as_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_no_secret_is_ever_printed() -> None:
    environment = {f"SWIPELAB_{name}": f"hush-{name}" for name in SECRETS} | {
        "SWIPELAB_API_KEYS": f"ops:operator:{KEY}"
    }
    settings = load_settings(environment)
    for text in (repr(settings), str(settings), repr(settings.api_keys), str(settings.model_dump())):
        assert "hush" not in text
        assert KEY not in text
    assert isinstance(settings.database_url, SecretStr)
    with pytest.raises(SettingsError) as caught:
        load_settings(environment | {"SWIPELAB_PORT": "hush", "SWIPELAB_API_KEYS": f"ops:oprator:{KEY}"})
    assert KEY not in str(caught.value)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("written", [KEY, f"{KEY}:operator:ops", f"ops:operator:half {KEY}", f"{KEY}:{KEY}:{KEY}"])
def test_a_key_in_the_wrong_place_is_not_printed_either(written: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"SWIPELAB_API_KEYS": written})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "name,value,said",
    [
        ("PORT", "eighty", "SWIPELAB_PORT: input should be a valid integer, unable to parse string as an integer"),
        ("PORT", "70000", "SWIPELAB_PORT: input should be less than or equal to 65535"),
        ("WORKERS", "0", "SWIPELAB_WORKERS: input should be greater than or equal to 1"),
        ("PROCESSOR", "strpe", "SWIPELAB_PROCESSOR: no such value; there are 'bridge',"),
        ("TOKEN_ADDRESS", "0x12", "SWIPELAB_TOKEN_ADDRESS: an address is 0x and 40 hexadecimal digits"),
        ("WEBHOOK_SECERT", "x", "SWIPELAB_WEBHOOK_SECERT: no such setting; did you mean SWIPELAB_WEBHOOK_SECRET?"),
        (
            "DECISION_BUDGET_MS",
            "2001",
            "SWIPELAB_DECISION_BUDGET_MS: 2001 is more than 1600, which is 80% of",
        ),
        ("API_KEYS", "ops:oprator:" + KEY, "SWIPELAB_API_KEYS: entry 1: no such role; did you mean operator?"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_right(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"SWIPELAB_{name}": value})
    assert str(caught.value).startswith(said)


def test_the_usual_budget_leaves_time_for_the_way_back() -> None:
    assert load_settings({}).decision_budget_ms == 500
    assert load_settings({"SWIPELAB_PROCESSOR": "bridge"}).decision_budget_ms == 400


def test_all_wrong_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"SWIPELAB_PORT": "x", "SWIPELAB_WORKERS": "x"})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["SWIPELAB_PORT", "SWIPELAB_WORKERS"]


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings({"SWIPELAB_WEBHOOK_SECRET": "", "SWIPELAB_PORT": ""}) == load_settings({})


def test_the_environment_is_read_without_help_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPELAB_PORT", "9001")
    monkeypatch.setenv("SWIPELAB_API_KEYS", f"ops:operator:{KEY}")
    assert (Settings().port, Settings().api_keys[0].name) == (9001, "ops")


def test_every_processor_has_a_deadline() -> None:
    assert set(DEADLINES_MS) == set(Processor)


def test_words_and_json_say_the_same_keys() -> None:
    words = f"ops:operator:{KEY}1 v:network=visa:{KEY}2 w:chain:{KEY}3 ada:customer=a-1+a-2:{KEY}4"
    listed = [
        {"name": "ops", "role": "operator", "key": KEY + "1"},
        {"name": "v", "role": "network", "network": "visa", "key": KEY + "2"},
        {"name": "w", "role": "chain", "key": KEY + "3"},
        {"name": "ada", "role": "customer", "accounts": ["a-1", "a-2"], "key": KEY + "4"},
    ]
    keys = parse_keys(words)
    assert keys == parse_keys(json.dumps(listed))
    assert [key.role for key in keys] == [Role.OPERATOR, Role.NETWORK, Role.CHAIN, Role.CUSTOMER]
    assert keys[1].network == "visa"
    assert keys[3].accounts == {"a-1", "a-2"}


def test_a_key_may_be_given_as_its_digest_and_may_hold_colons() -> None:
    key = "with:colons:0123456789"
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert parse_keys(f"a:operator:{key}")[0].digest == parse_keys(f"a:operator:sha256={digest}")[0].digest


@pytest.mark.parametrize(
    "text,said",
    [
        ("ops:operator", "entry 1: a key has at least 16 characters"),
        ("ops:operator:short", "entry 1: a key has at least 16 characters"),
        (f":operator:{KEY}", "entry 1: a name is"),
        (f"a:operator:{KEY} a:operator:{KEY}2", "two entries have the same name"),
        (f"a:operator:{KEY} b:chain:{KEY}", "two entries have the same key"),
        (f"a:customer:{KEY}", "entry 1: the role customer needs accounts"),
        (f"a:chain=visa:{KEY}", "entry 1: only the role network has a network"),
        ("[1]", "entry 1 is no object"),
        ("[{", "begins like JSON and is none"),
        ('[{"name": "a", "rôle": 1}]', "entry 1: there are name, role, key"),
    ],
)
def test_a_wrong_key_is_told_without_showing_it(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_keys(text)
    assert str(caught.value).startswith(said)
    assert KEY not in str(caught.value)


def test_every_setting_is_in_the_documentation_with_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "HTTP.md").read_text()
    for name, field in Settings.model_fields.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `SWIPELAB_{name.upper()}` |"))
        default = field.default
        shown = "" if default in (None, ()) else f"{default:g}" if isinstance(default, float) else str(default)
        assert row.split("|")[2].strip() == shown, name
