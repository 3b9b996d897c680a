"""`presence.testing`, from outside: a site whose own tests use it, by both runners."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "tests" / "sites" / "tested"
DOCUMENT = (ROOT / "docs" / "testing.md").read_text()
METADATA = "Metadata-Version: 2.1\nName: django-live-presence\nVersion: 0.1.0\n"


def run(*command: str, path: str = "") -> str:
    """Run a command of the site; return what it says and its exit status."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{path}"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=SITE,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return f"{done.stdout}\nstatus {done.returncode}"


def test_with_djangos_runner() -> None:
    said = run("manage.py", "test")
    assert re.search(r"Ran 22 tests in [^\n]+\n\nOK", said), said


def test_django_tests_that_must_fail() -> None:
    said = run("manage.py", "test", "club.failing")
    assert "FAILED (failures=3, errors=3)" in said, said
    assert "AssertionError: 1 != 2" in said
    assert "in async code use presence.testing.ajoin" in said
    assert "Redis: Error 111" in said, "without the mixin, the site's own store is asked"


@pytest.fixture
def installed(tmp_path: Path) -> str:
    """A folder by which Python takes presence for installed, with the entry points that it has."""
    (folder := tmp_path / "django_live_presence-0.1.0.dist-info").mkdir()
    (folder / "METADATA").write_text(METADATA)
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = []
    for group, entries in points.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines))
    return str(tmp_path)


def test_with_pytest(installed: str) -> None:
    command = ("-m", "pytest", "-q", "-rA", "--ds=settings", "--rootdir=.", "-c", os.devnull)
    ini = ("asyncio_mode=auto", "asyncio_default_fixture_loop_scope=function")
    options = [word for value in ini for word in ("-o", value)]
    files = ["club/tests.py", "club/with_pytest.py"]
    for n, block in enumerate(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)):
        files.append(f"{installed}/test_of_the_docs_{n}.py")
        Path(files[-1]).write_text(block)
    said = run(*command, "-p", "no:cacheprovider", *options, *files, path=installed)
    assert "3 failed, 29 passed" in said, said
    failed = re.findall(r"^FAILED \S+::(\w+)", said, re.MULTILINE)
    assert len(failed) == 3, said
    assert all(name.startswith("test_fails_") for name in failed), said


def test_the_mixin_needs_no_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None; import presence.testing; "
        "import presence.runtime as runtime; print(runtime._background)"
    )
    assert run("-c", code) == "[]\n\nstatus 0", "importing it starts nothing"
