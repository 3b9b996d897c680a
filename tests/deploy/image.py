"""Builds the example site with deploy/Dockerfile, as somebody's own site `mysite`.

`InFolder` runs the steps in a folder, with what is installed here: seconds. `ByBuildah` builds a
real image on a fresh Debian that stands in for the official image: minutes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.support.server import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
REQUIREMENTS = ["django-live-presence", "dj-database-url", "psycopg[binary,pool]", "whitenoise"]
LEFT_OUT = [
    ".env",
    ".git/HEAD",
    ".venv/bin/python",
    "db.sqlite3-wal",
    "deploy/.env",
    "mysite/__pycache__/removed.cpython-313.pyc",
    "node_modules/library/index.js",
    "var/static/old.js",
]
"""Files of a project that no image should have."""
NEEDS_ROOT = ("apt-get ", "useradd ")
"""How steps begin that change the system itself."""
OURS = r"(?<![\w.:/])/(?=opt/|srv/)"
"""The first character of a path that the image makes."""
OTHERS = r"(?<![\w.:/])/(?!opt/|srv/)"
"""That of any other."""
CHANGES_NO_FILE = {"CMD", "EXPOSE", "HEALTHCHECK", "USER"}


class Step(NamedTuple):
    """An instruction of a Dockerfile: its name, and the rest as one line."""

    name: str
    rest: str


def steps() -> list[Step]:
    """Return the instructions of the Dockerfile."""
    lines = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    joined = lines.replace("\\\n", "").splitlines()
    return [Step(*line.split(maxsplit=1)) for line in joined if line]


def last(name: str) -> Any:
    """Return what the last instruction of a name has in JSON."""
    found = [rest for step, rest in steps() if step == name]
    return json.loads(found[-1][found[-1].index("[") :])


def healthcheck() -> list[str]:
    """Return the command of HEALTHCHECK."""
    return [str(word) for word in last("HEALTHCHECK")]


class Image(Protocol):
    """What was built."""

    def command(self, *words: str, **environment: str) -> list[str]:
        """Return the command line that runs a command in it."""

    def files(self) -> set[str]:
        """Return the paths of all files that it has beside those of its base image."""


def write_project(folder: Path) -> Path:
    """Write the example site as a project of its own, with files that no image should have."""
    shutil.copytree(
        ROOT / "presence_site",
        folder / "mysite",
        ignore=shutil.ignore_patterns("__pycache__", "*.mo"),
    )
    for name in ("templates", "static"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "manage.py", folder)
    for path in folder.rglob("*.py"):
        path.write_text(path.read_text().replace("presence_site", "mysite"))
    (folder / "requirements.txt").write_text("\n".join(REQUIREMENTS))
    (folder / "deploy").mkdir()
    shutil.copy(DOCKERFILE, folder / "deploy")
    shutil.copy(f"{DOCKERFILE}.dockerignore", folder / "deploy")
    for name in LEFT_OUT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def build_wheel(folder: Path) -> Path:
    """Build a wheel of presence, of Python alone, and return its folder."""
    source, wheels = folder / "source", folder / "wheels"
    ignored = shutil.ignore_patterns("client", "__pycache__", "*.so")
    shutil.copytree(ROOT / "presence", source / "presence", ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels))
    pip("wheel", *options, str(source), CC="false")
    return wheels


def pip(*arguments: str, **environment: str) -> None:
    """Run the tests' own pip."""
    run([sys.executable, "-m", "pip", "--quiet", *arguments], env=os.environ | environment)


def run(command: list[str], **options: Any) -> str:
    """Run a command, and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


class InFolder:
    """The steps, run in a folder in place of `/`, without those that need a root of their own.

    pip finds the packages that are installed here, and installs presence from a wheel.
    """

    def __init__(self, folder: Path, project: Path, wheels: Path) -> None:
        self._folder = folder
        self._project = project
        self._root = folder / "root"
        self._place = "/"
        here = {"PYTHONPATH": ":".join(path for path in sys.path if "site-packages" in path)}
        pips = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
        (folder / "bin").mkdir()
        (folder / "bin/python").symlink_to(os.path.realpath(sys.executable))
        # pip makes no scripts of packages that are here already.
        (folder / "bin/daphne").write_text('#!/bin/sh\nexec python -m daphne "$@"\n')
        (folder / "bin/daphne").chmod(0o755)
        self._base = {"PATH": f"{folder}/bin:{os.environ['PATH']}", **here, **pips}
        take = {
            "COPY": self._copy,
            "ENV": self._env,
            "FROM": self._from,
            "RUN": self._run,
            "WORKDIR": self._workdir,
        }
        for name, rest in steps():
            if name not in CHANGES_NO_FILE:
                take[name](rest)

    def command(self, *words: str, **environment: str) -> list[str]:
        variables = [f"{name}={value}" for name, value in (self._environment | environment).items()]
        return ["env", "-i", "-C", self._here("").rstrip("/"), *variables, *map(self._map, words)]

    def files(self) -> set[str]:
        paths = (path for path in self._root.rglob("*") if path.is_file())
        return {f"/{path.relative_to(self._root)}" for path in paths}

    def _map(self, text: str) -> str:
        return re.sub(OURS, f"{self._root}/", text)

    def _here(self, path: str) -> str:
        return f"{self._root}{os.path.join(self._place, path)}"

    def _from(self, rest: str) -> None:
        if self._root.exists():
            self._root.rename(self._folder / "build")
        self._root.mkdir()
        self._environment = dict(self._base)

    def _run(self, rest: str) -> None:
        if not rest.startswith(NEEDS_ROOT):
            assert not re.search(OTHERS, rest), f"this may change the machine: {rest}"
            run(self.command("sh", "-ec", rest))

    def _env(self, rest: str) -> None:
        for name, value in re.findall(r"(\w+)=(\S+)", rest):
            value = value.replace(f"${name}", self._environment.get(name, ""))
            self._environment[name] = self._map(value)

    def _workdir(self, rest: str) -> None:
        self._place = rest
        Path(self._here("")).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        *options, source, target = rest.split()
        origin = self._project
        if options:
            assert options == ["--from=build"]
            origin = self._folder / "build"
            source = source.lstrip("/")
        there = self._here(target)
        if (origin / source).is_file():
            shutil.copy(origin / source, there)
            return
        patterns = Path(f"{DOCKERFILE}.dockerignore").read_text().splitlines()
        ignored = shutil.ignore_patterns(*(line.removeprefix("**/") for line in patterns))
        shutil.copytree(
            origin / source,
            there,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=None if options else ignored,
        )


class ByBuildah:
    """The image that buildah builds. The stand-in for its base image has the same Debian, whose
    Python is the same, and finds packages in a folder only."""

    def __init__(self, folder: Path, project: Path, wheels: Path) -> None:
        self._folder = folder
        base = next(rest.split()[0] for name, rest in steps() if name == "FROM")
        version, suite = re.findall(r":([\d.]+)-slim-(\w+)$", base)[0]
        found = ("--python-version", version, "--implementation", "cp", "--only-binary", ":all:")
        locked = ("--constraint", str(ROOT / "requirements" / "run.txt"))
        [presence] = map(str, wheels.iterdir())
        pip("download", "--dest", str(wheels), *found, *locked, presence, *REQUIREMENTS[1:])
        root, archive = folder / "root", folder / "root.tar"
        run(["debootstrap", "--include=python3,python3-venv", suite, str(root)])
        (root / "usr/local/bin/python").symlink_to(f"/usr/bin/python{version}")
        (root / "etc/pip.conf").write_text("[global]\nno-index = yes\nfind-links = /wheels\n")
        run(["tar", "-C", str(root), "-cf", str(archive), "."])
        self._buildah("from", "--name", "base", "scratch")
        self._buildah("add", "--quiet", "base", str(archive), "/")
        self._buildah("commit", "--quiet", "base", f"docker.io/library/{base}")
        there = ("--volume", f"{wheels}:/wheels:ro", "--file", str(project / "deploy/Dockerfile"))
        options = ("--isolation", "chroot", "--pull=never", "--format", "docker")
        self._buildah("build", *options, *there, "--tag", "mysite", str(project))
        self._buildah("from", "--pull=never", "--name", "site", "mysite")

    def command(self, *words: str, **environment: str) -> list[str]:
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        return self._command("run", "--isolation", "chroot", *variables, "site", "--", *words)

    def files(self) -> set[str]:
        base, site = (self._files(name) for name in ("base", "site"))
        return site - base

    def _files(self, container: str) -> set[str]:
        root = Path(self._buildah("mount", container).strip())
        paths = (path for path in root.rglob("*") if path.is_file())
        return {f"/{path.relative_to(root)}" for path in paths}

    def _buildah(self, *words: str) -> str:
        return run(self._command(*words))

    def _command(self, *words: str) -> list[str]:
        places = ("--root", f"{self._folder}/images", "--runroot", f"{self._folder}/running")
        return ["buildah", *places, *words]

    def close(self) -> None:
        """Let go of the mounts, so that the folder can be removed."""
        self._buildah("umount", "--all")
        self._buildah("rm", "--all")
