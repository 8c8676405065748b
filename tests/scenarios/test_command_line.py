"""The command line: exit codes, one clear message, nothing half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenarios.cli import main

TINY = """\
name: tiny
shows: One purchase.
seed: 3
world:
  duration: 10m
  drain: 10m
  warmup: 5m
  people: [ada]
  script: [{at: 1m, do: swipe, cardholder: ada, amount_cents: 500}]
chain: {node: revm}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, with a scenario in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = signal.getsignal(signal.SIGTERM)
    (tmp_path / "tiny.yaml").write_text(TINY)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    try:
        code = main(list(words))
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def test_a_run_that_passes_exits_0(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out, err = call(capsys, "run", "tiny.yaml")
    assert (code, err) == (0, "")
    assert "PASSED" in out
    assert "runs/tiny-3/report.html" in out
    assert (home / "runs" / "tiny-3" / "report.html").is_file()


def test_running_the_same_again_replaces_it_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "run", "tiny.yaml", "--out", "here")
    code, _, err = call(capsys, "run", "tiny.yaml", "--out", "here", "--seed", "4")
    assert code == 0
    assert err == "replaced the run that was in here (tiny, seed 3, engine engine)\n"


def test_a_run_that_fails_a_check_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "run", "tiny.yaml", "--set", "budgets.counts.approved.min=2")
    assert code == 1
    assert "FAILED" in out
    assert "counts.approved.min" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rum"], "swipelab: No such command 'rum'. Did you mean 'run'?"),
        (["run"], "swipelab run: Missing argument 'scenario'"),
        (["run", "tiny.yaml", "--sede", "4"], "swipelab run: No such option: --sede; did you mean --seed?"),
        (["run", "tiny.yaml", "--seed", "x"], "swipelab run: Invalid value for '--seed'"),
        (["run", "tiny.yaml", "--seed", "-1"], "swipelab run: Invalid value for '--seed'"),
        (["run", "tiny.yml"], "no scenario 'tiny.yml': did you mean tiny.yaml?"),
        (["run", "grocery_wek"], "no scenario 'grocery_wek': did you mean "),
        (["run", "tiny.yaml", "--set", "world.dran=1d"], "--set world.dran: unknown key; did you mean world.drain?"),
        (["run", "tiny.yaml", "--engine", "nave"], "no engine 'nave': did you mean naive?"),
        (["run", "tiny.yaml", "--engine", "http://127.0.0.1:1"], "cannot be run in a simulated world yet"),
        (["run", "tiny.yaml", "--out", "tiny.yaml"], "--out tiny.yaml is a file or a link: give a folder"),
        (["run", "tiny.yaml", "--out", "."], "--out . holds other files and is no run folder"),
        (["run", "tiny.yaml", "--set", "world.warmup=1s"], "warmup of"),
        (["suite", "nothing_like_it"], "no scenario fits 'nothing_like_it'"),
        (["suite", "tiny.yaml", "--engine", "nave"], "no engine 'nave'"),
        (["replay", "runs/none"], "no run folder runs/none"),
        (["report", "runs/none"], "no run folder runs/none"),
        (["compare", "runs/a", "runs/b"], "no run folder runs/a"),
        (["compare", "runs/a"], "swipelab compare: Missing argument 'new'"),
        (["trace", "import", "completejurney", "--out", "x.csv"], "did you mean completejourney?"),
        (["trace", "import", "completejourney", "--out", "x.csv", "--week", "May"], "--week 'May' is no day"),
        (["trace", "check", "none.csv"], "none.csv: does not exist"),
        (["trace", "chek", "none.csv"], "swipelab trace: No such command 'chek'. Did you mean 'check'?"),
    ],
)
def test_bad_usage_and_bad_input_exit_2_with_one_clear_message(
    capsys: pytest.CaptureFixture[str], home: Path, words: list[str], said: str
) -> None:
    code, out, err = call(capsys, *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert out == ""
    assert not (home / "runs").exists() or not list((home / "runs").iterdir())


def test_every_problem_of_a_scenario_is_printed(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "bad.yaml").write_text(TINY.replace("10m", "soon").replace("seed", "sed"))
    code, _, err = call(capsys, "run", "bad.yaml")
    assert code == 2
    assert [line.split(" ")[0] for line in err.splitlines()] == ["bad.yaml:3:1:", "bad.yaml:5:13:", "bad.yaml:6:10:"]


def test_a_fault_of_swipelab_exits_3_and_says_where_the_traceback_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a slip")

    monkeypatch.setattr("scenarios.runner.resolve", broken)
    code, _, err = call(capsys, "run", "tiny.yaml")
    assert code == 3
    assert err.startswith("a fault of Swipelab: ZeroDivisionError: a slip\nat ")
    trace = Path(err.strip().rpartition(" ")[2])
    assert "ZeroDivisionError: a slip" in trace.read_text()
    trace.unlink()


def test_an_engine_that_breaks_the_world_is_bad_input_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    (home / "engine_that_breaks.py").write_text("def build(kit):\n    raise OSError('no database')\n")
    code, _, err = call(capsys, "run", "tiny.yaml", "--engine", "engine_that_breaks:build")
    assert code == 2
    assert "its factory failed at" in err
    assert "engine_that_breaks.py:2: OSError: no database" in err
    assert list((home / "runs").iterdir()) == []


ENGINE = """
import time
from engine.interface import EngineError
from scenarios.engines import reference

class Engine:
    def __init__(self, kit):
        self._inner = reference.build(kit)
    def __getattr__(self, name):
        return getattr(self._inner, name)
"""


def run_engine(capsys: pytest.CaptureFixture[str], home: Path, name: str, method: str) -> tuple[int, str, str]:
    """A run with an engine that is right but for one method."""
    (home / f"{name}.py").write_text(f"{ENGINE}    {method}\n")
    return call(capsys, "run", "tiny.yaml", "--engine", f"{name}:Engine")


def test_an_engine_that_reads_the_wall_clock_is_told_so(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out, err = run_engine(capsys, home, "clocked", "async def authorize(self, request): time.sleep(0.01)")
    assert (code, out) == (2, "")
    assert err.startswith("engine 'clocked:Engine' broke the simulated world: ")
    assert "clocked.py" in err
    assert list((home / "runs").iterdir()) == []


def test_ctrl_c_that_hits_inside_a_task_of_the_world_is_still_ctrl_c(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    method = "async def authorize(self, request): raise KeyboardInterrupt"
    code, out, err = run_engine(capsys, home, "interrupted", method)
    assert (code, out, err) == (130, "", "stopped; nothing was written\n")
    assert list((home / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "method", "said"),
    [
        ("no_verb", "authorise = capture = None", "Engine is no CardEngine, it has no capture"),
        ("no_books", "async def balance(self, account_id): raise KeyError('no table')", "balance failed at "),
        ("odd_books", "async def statement(self, cursor): return 5", "statement answered int, not StatementPage"),
    ],
)
def test_an_engine_without_which_there_is_no_report_is_bad_input(
    capsys: pytest.CaptureFixture[str], home: Path, name: str, method: str, said: str
) -> None:
    code, out, err = run_engine(capsys, home, name, method)
    assert (code, out) == (2, "")
    assert f"engine '{name}:Engine': {said}" in err
    assert list((home / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("raises", "async def authorize(self, request): raise ValueError('no')"),
        ("mistyped", "async def authorize(self, request): return {'approved': True}"),
        ("silent", "async def settle(self, now_ns): return None"),
        ("not_async", "def capture(self, batch): return 5"),
    ],
)
def test_an_engine_that_answers_wrongly_fails_its_checks(
    capsys: pytest.CaptureFixture[str], home: Path, name: str, method: str
) -> None:
    (home / "tiny.yaml").write_text(TINY.replace("drain: 10m", "drain: 2d") + "budgets: {counts.approved.min: 1}\n")
    code, out, err = run_engine(capsys, home, name, method)
    assert (code, err) == (1, "")
    assert "FAILED" in out


def test_folders_of_the_user_do_not_stand_in_for_packages_of_ours(home: Path) -> None:
    for name in ("scenarios", "reports", "engine", "simulators", "contracts"):
        (home / name).mkdir()
        (home / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    command = [sys.executable, "-P", "-m", "scenarios.cli"]
    done = subprocess.run([*command, "suite", "tiny.yaml"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_an_engine_of_ones_own_is_found_in_the_current_folder(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "engine_of_mine.py").write_text("from scenarios.engines.reference import build as make\n")
    code, out, _ = call(capsys, "run", "tiny.yaml", "--engine", "engine_of_mine:make")
    assert code == 0
    assert "--engine engine_of_mine:make" in out


def test_a_replay_says_identical_and_exits_0_or_different_and_exits_1(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    call(capsys, "run", "tiny.yaml")
    code, out, _ = call(capsys, "replay", "runs/tiny-3")
    assert code == 0
    assert out.startswith("identical: trace_sha256 ")
    scenario = home / "runs" / "tiny-3" / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("amount_cents: 500", "amount_cents: 499"))
    code, out, _ = call(capsys, "replay", "runs/tiny-3")
    assert code == 1
    assert out.startswith("different: trace_sha256 was ")
    assert "first at row " in out


def test_runs_are_compared_and_a_regression_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "run", "tiny.yaml", "--out", "base")
    legs = [f"world.networks.{name}.to_engine.floor=300ms" for name in ("visa", "mastercard", "amex")]
    call(capsys, "run", "tiny.yaml", "--out", "new", *[word for leg in legs for word in ("--set", leg)])
    code, out, _ = call(capsys, "compare", "base", "new")
    assert code == 1
    assert "regressed  latency.authorize.p50_ms" in out
    code, out, _ = call(capsys, "compare", "base", "base")
    assert code == 0
    assert "every figure is the same" in out
    assert call(capsys, "compare", "base", "new", "--tolerance", "100000")[0] == 0


def test_a_report_is_shown_again(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    call(capsys, "run", "tiny.yaml")
    (home / "runs" / "tiny-3" / "report.html").unlink()
    code, out, _ = call(capsys, "report", "runs/tiny-3")
    assert code == 0
    assert "PASSED" in out
    assert (home / "runs" / "tiny-3" / "report.html").is_file()


def test_a_trace_is_checked(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "t.csv").write_text("at,cardholder,merchant,mcc,amount_cents\n2025-03-01T22:00:00Z,ann,shop,5411,100\n")
    code, out, _ = call(capsys, "trace", "check", "t.csv")
    assert code == 0
    assert "1 purchases, 1 cardholders, 1 merchants, $1.00" in out
    (home / "t.csv").write_text("at,cardholder,merchant,mcc,amount_cents\nsoon,ann,shop,5411,100\n")
    code, _, err = call(capsys, "trace", "check", "t.csv")
    assert code == 2
    assert "t.csv, line 2, column at: 'soon'" in err


def test_the_schema_is_printed_as_it_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    from scenarios.schema import SCHEMA_FILE

    assert call(capsys, "schema") == (0, SCHEMA_FILE.read_text(), "")


def test_help_names_every_command_and_no_command_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--help")
    assert code == 0
    for command in ("run", "suite", "replay", "report", "compare", "trace", "doctor", "schema"):
        assert f"  {command} " in out
    assert call(capsys)[1] == out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert call(capsys, "--version") == (0, version("swipelab") + "\n", "")


def test_the_doctor_finds_all_that_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "doctor")
    assert code == 0
    assert "MISSING" not in out
    assert "chain py-evm" in out


def test_the_doctor_exits_1_where_something_required_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.cli.doctor.requires", lambda _: ["a-package-nobody-has>=2", "other ; extra == 'x'"])
    code, out, _ = call(capsys, "doctor")
    assert code == 1
    assert "pip install 'a-package-nobody-has>=2'" in out
    assert "pip install 'swipelab[x]'" in out
    assert "missing and required: a-package-nobody-has" in out


def start(*words: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scenarios.cli", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def wait_for(condition, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


LONG = ("--set", "world.duration=300d", "--set", "world.drain=300d", "--set", "chain.withdrawal_delay=700d")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_ends_cleanly_and_leaves_nothing(home: Path, sent: signal.Signals, code: int) -> None:
    process = start("run", "tiny.yaml", *LONG)
    runs = home / "runs"
    wait_for(lambda: runs.is_dir() and list(runs.glob(".*/events.parquet")), process)
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert out == ""
    assert list(runs.iterdir()) == []


def test_a_killed_run_leaves_no_run_folder_and_the_next_one_sweeps(home: Path) -> None:
    process = start("run", "tiny.yaml", "--out", "runs/one", *LONG)
    runs = home / "runs"
    wait_for(lambda: runs.is_dir() and list(runs.glob(".*/events.parquet")), process)
    process.kill()
    process.communicate()
    assert not (runs / "one").exists()
    assert main(["run", "tiny.yaml", "--out", "runs/one"]) == 0
    assert [path.name for path in runs.iterdir()] == ["one"]


def test_help_comes_at_once() -> None:
    """Best of three, in processor time: half a second is where people notice."""
    took = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "scenarios.cli", "--help"], check=True, capture_output=True)
        after = os.times()
        took.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(took) < 0.5


def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = start("schema")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), err) == (0, "")
