"""Processes of one machine that share no store count each other."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from presence.server.neighbours import PLACES, Neighbours

JOIN = """
import sys, tempfile
from presence.server.neighbours import Neighbours
tempfile.tempdir = sys.argv[1]
neighbours = Neighbours("a")
neighbours.join()
print(neighbours.count(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_who_joins_is_counted_once_and_by_everybody() -> None:
    one, two, other = Neighbours("a"), Neighbours("a"), Neighbours("b")
    assert one.count() == 0
    one.join()
    one.join()
    assert (one.count(), two.count()) == (1, 1)
    two.join()
    assert (one.count(), two.count(), other.count()) == (2, 2, 0)
    one.leave()
    one.leave()
    assert two.count() == 1
    two.leave()
    assert two.count() == 0


def test_more_than_there_are_places() -> None:
    everybody = [Neighbours("a") for _ in range(PLACES + 1)]
    for each in everybody:
        each.join()
    assert everybody[0].count() == PLACES
    for each in everybody:
        each.leave()


def test_a_process_that_is_killed_is_counted_no_more(folder: Path) -> None:
    mine = Neighbours("a")
    mine.join()
    with subprocess.Popen(
        [sys.executable, "-c", JOIN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "2\n"
        assert mine.count() == 2
        other.kill()
    assert mine.count() == 1
    mine.leave()


def test_files_that_cannot_be_used_count_nobody(folder: Path) -> None:
    mine = Neighbours("a")
    mine.join()
    (place,) = folder.iterdir()
    mine.leave()
    for number in range(PLACES):
        place.with_name(place.name.replace("-0.", f"-{number}.")).unlink(missing_ok=True)
        place.with_name(place.name.replace("-0.", f"-{number}.")).symlink_to("/nowhere")
    mine.join()
    assert mine.count() == 0
