"""`--engine REF`: what is found, and what is said when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.services.engine import build
from engine.wire import VERBS
from scenarios.engines_ref import find_engine
from scenarios.problems import BadInput


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own, with modules that no other test has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_engines_that_come_along_are_found() -> None:
    for name in ("engine", "naive", "reference"):
        assert find_engine(name).text == name


def test_a_module_and_factory_are_found() -> None:
    assert find_engine("engine.services.engine:build").factory.__wrapped__ is build


def test_a_module_of_the_current_folder_is_found(here: Path) -> None:
    verbs = "; ".join(f"{verb} = print" for verb in VERBS)
    source = f"class Mine:\n    def __init__(self, kit): self.kit = kit\n    {verbs}\n"
    (here / "my_engine_one.py").write_text(source)
    assert find_engine("my_engine_one:Mine").factory(7).kit == 7


def test_an_asgi_application_becomes_an_engine() -> None:
    factory = find_engine("asgi:scenarios.engines.asgi_app:app").factory
    assert callable(factory(None).authorize)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("engin", "no engine 'engin': did you mean engine?"),
        ("nave", "did you mean naive?"),
        ("", "it can be engine, naive, reference, bug:ID, package.module:factory or asgi:package.module:app"),
        ("some.module", "it can be engine, naive"),
        ("a b:c", "it can be engine, naive"),
        ("scenarios.engines.nave:build", "no module 'scenarios.engines.nave': did you mean scenarios.engines.naive?"),
        ("scenarios.engines.naive:biuld", "scenarios.engines.naive has no 'biuld': did you mean build?"),
        ("nowhere_at_all:build", "no module 'nowhere_at_all' in this folder or installed"),
        ("engine.services.engine:STATEMENT_PAGE", "STATEMENT_PAGE is int, not something that can be called"),
        (
            "http://127.0.0.1:9",
            "an engine behind a URL runs in real time and cannot be run in a simulated world yet; plug it in as engine",
        ),
    ],
)
def test_a_wrong_reference_says_what_to_write(reference: str, said: str) -> None:
    with pytest.raises(BadInput) as error:
        find_engine(reference)
    assert said in str(error.value)


def test_a_misspelt_module_of_the_current_folder_names_the_nearest(here: Path) -> None:
    (here / "my_engine_two.py").write_text("")
    with pytest.raises(BadInput, match=r"no module 'my_engine_tow': did you mean my_engine_two\?"):
        find_engine("my_engine_tow:build")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def build(:\n", r"\.py:1: invalid syntax"),
        ("x = 1\nraise RuntimeError('no licence')\n", r"\.py:2: RuntimeError: no licence"),
        (
            "import module_that_is_not_there\n",
            r"\.py:1: ModuleNotFoundError: No module named 'module_that_is_not_there'",
        ),
    ],
)
def test_a_module_that_does_not_import_shows_its_own_error(
    here: Path, source: str, said: str, request: pytest.FixtureRequest
) -> None:
    name = f"my_broken_{len(source)}"
    (here / f"{name}.py").write_text(source)
    with pytest.raises(BadInput, match=said):
        find_engine(f"{name}:build")


def test_a_factory_that_fails_shows_its_own_error(here: Path) -> None:
    (here / "my_engine_three.py").write_text("def build(kit):\n    return kit.portss\n")
    with pytest.raises(BadInput, match=r"its factory failed at .*my_engine_three\.py:2: AttributeError"):
        find_engine("my_engine_three:build").factory(object())
