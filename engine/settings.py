"""What an operator may set, each by an environment variable ``SWIPELAB_<NAME>``.

Secrets are never shown: not by ``repr``, not by an error. API keys are kept as digests alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engine.settings_keys import ApiKey, parse_keys

PREFIX = "SWIPELAB_"
ELSEWHERE = frozenset({"SWIPELAB_ANVIL", "SWIPELAB_API_KEY"})
"""Variables with this prefix that other parts of Swipelab read."""


class SettingsError(ValueError):
    """The settings cannot be used: one line for each variable, with what to do."""


class Processor(StrEnum):
    """Whose deadline a real-time decision has to keep."""

    BRIDGE = "bridge"
    IMMERSVE = "immersve"
    RAPYD = "rapyd"
    STRIPE = "stripe"
    ADYEN = "adyen"
    AIRWALLEX = "airwallex"
    MARQETA = "marqeta"
    LITHIC = "lithic"


DEADLINES_MS: dict[Processor, int] = {
    Processor.BRIDGE: 500,
    Processor.IMMERSVE: 1_000,
    Processor.RAPYD: 1_000,
    Processor.STRIPE: 2_000,
    Processor.ADYEN: 2_000,
    Processor.AIRWALLEX: 2_500,
    Processor.MARQETA: 3_000,
    Processor.LITHIC: 6_000,
}
"""After so long a processor decides without us, by its public documentation."""
DEADLINE_SHARE = 0.8
"""Of a deadline; the rest is for the way there and back."""
USUAL_BUDGET_MS = 500


def _most_budget_ms(processor: Processor) -> int:
    return int(DEADLINE_SHARE * DEADLINES_MS[processor])


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """All of it. An empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database_url: SecretStr | None = None
    """PostgreSQL; an embedded one if not set."""
    redis_url: SecretStr | None = None
    """Redis; an embedded one if not set."""
    rpc_url: SecretStr | None = None
    """The JSON-RPC node that settlement talks to."""
    token_address: str | None = Field(None, pattern=r"^0x[0-9a-fA-F]{40}$")
    """Where CardToken is."""
    settler_key: SecretStr | None = None
    """The private key that signs settlements."""

    confirmations: int = Field(12, ge=0, le=10_000)
    """A block is final when so many are on top of it."""
    first_block: int = Field(0, ge=0)
    """Where CardToken was deployed: nothing is looked for before."""
    settle_interval_s: float = Field(3_600.0, gt=0, le=86_400)
    """How often captures are netted and burned."""
    tick_interval_s: float = Field(5.0, gt=0, le=3_600)
    """How often holds are ended whose time is over, and what crashes left is swept up."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65_535)
    workers: int = Field(2, ge=1, le=256)

    api_keys: Annotated[tuple[ApiKey, ...], NoDecode] = ()
    """``name:role:key`` separated by blanks, or JSON (``engine/settings_keys.py``). None: a sandbox, open to all."""
    webhook_secret: SecretStr | None = None
    """What the processor signs its webhooks with."""
    webhook_tolerance_s: int = Field(300, ge=1, le=3_600)
    """How far the instant of a signature may be from ours, before or after."""
    processor: Processor = Processor.STRIPE
    decision_budget_ms: int = Field(USUAL_BUDGET_MS, ge=10, le=10_000)
    """An authorization not decided by then is declined; 500 if not set, or what the processor's deadline allows."""

    max_body_bytes: int = Field(1 << 20, ge=1_024, le=1 << 26)
    max_in_flight: int = Field(512, ge=1, le=100_000)
    """Authorizations that a worker has at once, at most; fewer where they would come too late."""
    max_streams: int = Field(1_000, ge=1, le=100_000)
    """Live balances that a worker sends at once, at most."""
    request_timeout_s: float = Field(30.0, gt=0, le=3_600)

    log_level: LogLevel = LogLevel.INFO
    slow_ms: float = Field(250.0, ge=0)
    """A request that takes longer is logged."""
    log_sample: float = Field(0.0, ge=0, le=1)
    """The share of all other requests that is logged."""
    metrics_dir: Path | None = None
    """Where workers put their counts, so that each can answer for all; needed with more than one worker."""

    @field_validator("api_keys", mode="before")
    @classmethod
    def _keys_become_digests(cls, value: Any) -> Any:
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        return parse_keys(value) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _usual_budget_fits(cls, given: Any) -> Any:
        """Less than usual where the processor waits for less."""
        if isinstance(given, dict) and given.get("processor") in set(Processor):
            usual_ms = min(USUAL_BUDGET_MS, _most_budget_ms(given["processor"]))
            return {"decision_budget_ms": usual_ms, **given}
        return given

    @model_validator(mode="after")
    def _whole_makes_sense(self) -> Settings:
        if not self.api_keys and not is_loopback(self.host):
            raise ValueError(
                f"{PREFIX}API_KEYS: not set, so that anybody on {self.host} could do anything: "
                f"set it, or {PREFIX}HOST=127.0.0.1 for a sandbox"
            )
        most_ms = _most_budget_ms(self.processor)
        if self.decision_budget_ms > most_ms:
            raise ValueError(
                f"{PREFIX}DECISION_BUDGET_MS: {self.decision_budget_ms} is more than {most_ms}, which is "
                f"{DEADLINE_SHARE:.0%} of what {self.processor} waits"
            )
        return self

    @property
    def processor_deadline_ms(self) -> int:
        """After so long the processor has decided without us."""
        return DEADLINES_MS[self.processor]


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine reaches ``host``."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the environment. Raises SettingsError, which names every wrong variable and what is right."""
    given = {key: value for key, value in environment.items() if key.upper().startswith(PREFIX)}
    wrong = [problem for key in given if (problem := _stranger(key)) is not None]
    if wrong:
        raise SettingsError("\n".join(wrong))
    try:
        return Settings(**{key.upper().removeprefix(PREFIX).lower(): value for key, value in given.items() if value})
    except ValidationError as error:
        # Raised from None: the cause holds what was given, secrets too.
        raise SettingsError("\n".join(_in_words(problem) for problem in error.errors(include_input=False))) from None


def _stranger(key: str) -> str | None:
    """What to say of a variable that nothing reads; a misspelt secret would otherwise be silently no secret."""
    names = [PREFIX + name.upper() for name in Settings.model_fields]
    if key.upper() in names or key.upper() in ELSEWHERE:
        return None
    near = get_close_matches(key.upper(), names, 1)
    return f"{key}: no such setting" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}")


def _in_words(problem: Any) -> str:
    """One line: the variable, and pydantic's words or ours."""
    words = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return words
    name = str(problem["loc"][0])
    hint = ""
    if problem["type"] == "enum":
        hint = f"; there are {problem['ctx']['expected']}"
        words = "no such value"
    elif name == "token_address":
        words = "an address is 0x and 40 hexadecimal digits"
    return f"{PREFIX}{name.upper()}: {words[:1].lower()}{words[1:]}{hint}"
