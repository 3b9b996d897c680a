"""What `pip install` makes of this repository, with a C compiler and without one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("compiler", "tag", "form"),
    [("gcc", "cp311-abi3-linux", "c"), ("false", "py3-none-any", "python")],
)
def test_a_wheel_has_the_form_in_c_where_a_compiler_is(tmp_path, compiler, tag, form):
    source, wheels, site = (tmp_path / name for name in ("source", "wheels", "site"))
    built = shutil.ignore_patterns("client", "*.so", "__pycache__")
    shutil.copytree(ROOT / "presence", source / "presence", ignore=built)
    for name in "setup.py", "pyproject.toml", "README.md", "LICENSE":
        shutil.copy(ROOT / name, source)
    options = ["-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", wheels, source],
        check=True,
        env=os.environ | {"CC": compiler},
    )
    [wheel] = wheels.iterdir()
    assert tag in wheel.name
    ZipFile(wheel).extractall(site)
    question = "from presence.server import fastio; print(fastio.__file__, fastio.IMPLEMENTATION)"
    found = subprocess.run(
        [sys.executable, "-c", question],
        check=True,
        capture_output=True,
        text=True,
        cwd=site,
        env=os.environ | {"PYTHONPATH": str(site), "PRESENCE_PURE_PYTHON": "0"},
    )
    assert found.stdout.split() == [str(site / "presence/server/fastio.py"), form]
