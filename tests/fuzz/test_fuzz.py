"""A short run of each target of `make fuzz`."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

RUNS = 10_000


WITHOUT_ATHERIS = """
import runpy, sys
sys.modules["atheris"] = None
runpy.run_module("tests.fuzz", run_name="__main__", alter_sys=True)
"""


def fuzz(
    target: str, folder: Path, runs: int, program: Sequence[str] = ("-m", "tests.fuzz")
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, target, str(folder)]
    options = ["--runs", str(runs), "--seed", "1"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", sorted(TARGETS.keys() - {"planted"}))
def test_no_input_breaks_a_promise(target: str, tmp_path: Path) -> None:
    run = fuzz(target, tmp_path, RUNS)
    assert run.returncode == 0, run.stderr[-4000:]


def test_a_fault_is_found_and_kept(tmp_path: Path) -> None:
    """Blind, three bytes take millions of inputs."""
    run = fuzz("planted", tmp_path, 300_000)
    assert run.returncode != 0
    assert "the planted fault was found" in run.stdout + run.stderr
    assert [found.read_bytes()[:3] for found in tmp_path.glob("planted-crash-*")] == [b"bug"]


def test_where_atheris_is_missing_hypothesis_tries(tmp_path: Path) -> None:
    run = fuzz("decoder", tmp_path, 100, ["-c", WITHOUT_ATHERIS])
    assert run.returncode == 0, run.stderr[-4000:]
    assert "tried without a guide" in run.stderr
