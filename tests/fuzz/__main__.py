"""Fuzz one target, guided by the branches that inputs take, until a time or a count is reached.

What opened a new branch is kept in a folder, where the next run begins; an input that fails is
written beside it. Where atheris is not to be had (it is for Linux on x86_64), hypothesis tries
inputs without such a guide.

usage: python -m tests.fuzz TARGET FOLDER [--seconds N] [--runs N] [--seed N]
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VECTORS = Path(__file__).parents[1] / "vectors/frames.json"
LARGEST = 4096
PLAIN_RUNS = 20_000
"""Inputs of hypothesis, which knows no time, for each run without a count."""


def seeds() -> list[bytes]:
    """Frames of the golden vectors, as a target reads them: a byte to choose, then the bytes."""
    vectors: dict[str, Any] = json.loads(VECTORS.read_text())
    frames = [bytes.fromhex(each["hex"]) for each in vectors["valid"] + vectors["malformed"]]
    plain = [bytes((choice,)) + frame for choice in range(4) for frame in frames]
    steps = [b"\0" + bytes((128 + len(frame), 9)) + frame for frame in frames if len(frame) < 125]
    masked = [bytes((0x82, 0x80 | len(f), 0, 0, 0, 0)) + f for f in frames if len(f) < 126]
    return plain + steps + masked


def main() -> None:
    """Run; the process ends with an error at the first input that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=0, help="0 is another each time")
    options = parser.parse_args()
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        run_plain(options)
    else:
        run_guided(atheris, options)


def run_guided(atheris: Any, options: argparse.Namespace) -> None:
    """Run by atheris, which ends the process."""
    with atheris.instrument_imports(include=["presence.protocol", "presence.server", "tests.fuzz"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    corpus = options.folder / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    flags = [f"-max_len={LARGEST}", f"-artifact_prefix={options.folder}/{options.target}-"]
    flags += [
        f"-max_total_time={options.seconds}",
        f"-runs={options.runs}",
        f"-seed={options.seed}",
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], targets[options.target])
    atheris.Fuzz()


def run_plain(options: argparse.Namespace) -> None:
    """Run by hypothesis."""
    print("atheris is not installed: inputs are tried without a guide", file=sys.stderr)
    target = importlib.import_module("tests.fuzz.targets").TARGETS[options.target]
    runs = options.runs if options.runs > 0 else PLAIN_RUNS
    anything = st.binary(max_size=LARGEST) | st.sampled_from(seeds())
    settings(max_examples=runs, deadline=None, suppress_health_check=list(HealthCheck))(
        given(anything)(target)
    )()


if __name__ == "__main__":
    main()
