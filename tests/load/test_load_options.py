"""Bad input to `swipelab load` is one clear message that names the option and the nearest right word."""

from __future__ import annotations

import pytest

from scenarios.cli.entry import main

GOOD = {"--url": "http://127.0.0.1:9", "--rate": "5", "--duration": "1"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--url": "localhost:8000"}, "--url localhost:8000: give the address"),
        ({"--shape": "spkie"}, "did you mean spike?"),
        ({"--profile": "strpe"}, "did you mean stripe?"),
        ({"--budget": "p9=1"}, "there is no figure 'p9'; did you mean p9"),
        ({"--shape": "trace"}, "--shape trace needs --trace FILE"),
        ({"--trace": "x.csv"}, "--trace is replayed by --shape trace"),
        ({"--peak": "9"}, "are of --shape spike"),
        ({"--rate": None}, "--rate is missing"),
        ({"--rate": "1000000", "--duration": "3600"}, "are more than"),
        ({"--shape": "spike", "--spike-at": "0.9", "--spike-for": "0.5"}, "does not lie within 1 s"),
        ({"--rate": "0.01", "--duration": "0.1"}, "nothing would ever be sent"),
    ],
)
def test_bad_options_exit_2(change: dict[str, str | None], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for name, value in (GOOD | change).items() if value is not None for word in (name, value)]
    assert main(["load", *words]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""
