"""What `make dist` builds to be published, and what PyPI shows of it."""

import email
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.release import versions
from tests.support.server import ROOT
from tests.support.waiting import LONG
from tests.test_documents import anchors

CLIENT = "presence/client"


def wheel(dist: Path, tag: str) -> ZipFile:
    """Return the wheel with a tag."""
    [found] = dist.glob(f"*-{tag}*.whl")
    return ZipFile(found)


@pytest.mark.parametrize(
    ("tag", "form"), [("cp311-abi3-manylinux", "c"), ("py3-none-any", "python")]
)
def test_wheels_for_this_processor_have_the_form_in_c(
    dist: Path, tmp_path: Path, tag: str, form: str
) -> None:
    wheel(dist, tag).extractall(tmp_path)
    question = "from presence.server import fastio; print(fastio.__file__, fastio.IMPLEMENTATION)"
    found = subprocess.run(
        [sys.executable, "-c", question],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PRESENCE_PURE_PYTHON": "0"},
    )
    assert found.stdout.split() == [str(tmp_path / "presence/server/fastio.py"), form]


def test_pytest_finds_the_fixture(dist: Path, tmp_path: Path) -> None:
    wheel(dist, "py3-none-any").extractall(tmp_path)
    test = "club/with_pytest.py::test_people_come_and_go"
    options = ("-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=.", "--ds=settings")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, test],
        cwd=ROOT / "tests" / "sites" / "tested",
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_every_link_on_pypi_is_absolute_and_leads_to_a_file(dist: Path) -> None:
    archive = wheel(dist, "py3-none-any")
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    shown = email.message_from_bytes(archive.read(name))
    assert shown["Description-Content-Type"] == "text/markdown"
    urls = dict(line.split(", ") for line in shown.get_all("Project-URL", []))
    links = re.findall(r"\]\(([^)\s]*)", str(shown.get_payload()))
    assert [link for link in links if not link.startswith(("https://", "http://", "#"))] == []
    files = rf"{re.escape(urls['Repository'])}/(?:blob/main|(?:blob|raw)/v{shown['Version']})/"
    own = [link for link in [*links, *urls.values()] if re.match(files, link)]
    assert len(own) > 10
    assert not {urls["Documentation"], urls["Changelog"]} - {*own}
    for link in own:
        file, _, anchor = re.sub(files, "", link).partition("#")
        assert (ROOT / file).is_file(), file
        assert not anchor or anchor in anchors(ROOT / file), link


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this repository whose changelog is ready for a release."""
    there = tmp_path / "clone"
    run("git", "clone", "--quiet", str(ROOT), str(there), cwd=tmp_path)
    version = versions(there)["pyproject.toml"]
    text = re.sub(rf"## Unreleased\n|## {version} .*\n", "", (there / "CHANGELOG.md").read_text())
    first = text.index("\n### ")
    ready = f"{text[:first]}\n## {version} (2031-02-03)\n{text[first:]}"
    (there / "CHANGELOG.md").write_text(ready)
    for name in ("user.name", "user.email"):
        run("git", "config", name, "ada@example.com", cwd=there)
    run("git", "commit", "--quiet", "--all", "--message", "Ready", cwd=there)
    (there / CLIENT / "node_modules").symlink_to(ROOT / CLIENT / "node_modules")
    (there / ".git/info/exclude").write_text("node_modules\n")
    return there


def run(*command: str, cwd: Path) -> str:
    """Run a program, and return what it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_release_is_checked_and_tagged_once(clone: Path, dist: Path) -> None:
    """Built anew only with PRESENCE_LONG: otherwise, what other tests have had built is checked."""
    command = ["make", "release", f"VENV={sys.prefix}", f"BIN={sys.prefix}/bin"]
    command += ["-o", f"{sys.prefix}/dev.stamp", "-o", f"{CLIENT}/node_modules/.stamp"]
    built = [] if LONG else [f"DIST={dist}", "-o", "dist"]
    said = run(*command, *built, cwd=clone)
    version = versions(clone)["pyproject.toml"]
    assert f"Tagged v{version}" in said
    assert run("git", "cat-file", "-t", f"v{version}", cwd=clone) == "tag\n"
    again = subprocess.run([*command, *built], cwd=clone, capture_output=True, text=True)
    assert again.returncode != 0
    assert f"The tag v{version} exists" in again.stderr
    assert "twine" not in again.stdout


def test_the_npm_package_has_the_same_version(dist: Path) -> None:
    package = json.loads((ROOT / "presence/client/package.json").read_text())
    assert (dist / f"{package['name']}-{package['version']}.tgz").is_file()
    assert list(dist.glob(f"*-{package['version']}-py3-none-any.whl"))
