"""The last release, taken from the history of the repository."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.support.server import ROOT, Release

COMMIT = "1232ed39430dcda0f5cc708fd01b25937a8039ee"
"""What 0.1.0 was. Set it to what is released, and `NAME_BYTES` to what that knows."""

NAME_BYTES = 32


def last_release(folder: Path) -> Release:
    """Write the code of the last release into a folder; fails where the history lacks it."""
    if _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode != 0:
        _git("fetch", "--quiet", "--unshallow")
    archive = _git("archive", COMMIT)
    assert archive.returncode == 0, (
        f"the last release is commit {COMMIT}, which this copy of the repository does not have; it "
        f"needs the whole history (git fetch --unshallow): {archive.stderr.decode()}"
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return Release(folder, NAME_BYTES)


def _git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)


def picture(user: Any) -> str:
    """Return where the picture of an account is, for PRESENCE["AVATAR"]."""
    return f"/media/{user.pk}.png"
