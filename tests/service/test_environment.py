"""What a worker reads from its environment is what the command was told, whatever the environment said before."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from engine.settings import Settings, load_settings
from scenarios.service.serving import environment_of


def test_settings_come_back_whole_from_the_environment_that_is_made_of_them() -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://u:secret@db/x"), redis_url=SecretStr("redis://cache"), workers=3,
        metrics_dir=Path("somewhere"), confirmations=0, log_sample=0.25, webhook_secret=SecretStr("whsec"),
    )  # fmt: skip
    assert load_settings(environment_of(settings)) == settings


def test_an_option_that_says_the_default_wins_over_a_variable_that_says_otherwise() -> None:
    before = {"SWIPELAB_PORT": "9000", "SWIPELAB_HOST": "0.0.0.0", "SWIPELAB_RPC_URL": "http://node"}
    assert load_settings({**before, **environment_of(Settings())}) == Settings()
