"""An operator who follows docs/deployment.md on a machine of their own: a folder in place of `/`,
with real programs on free ports in place of those that need root."""

import os
import re
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import distributions, entry_points
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.examples import Block
from tests.support.nginx import AROUND, system_program
from tests.support.redis import executable
from tests.support.server import ROOT, free_port
from tests.support.units import Unit

ROOTED = re.compile(r"(?<![\w.~}/-])/(?=(?:srv|etc|usr/local/src)/)")
"""Where a path begins that is below the operator's folder."""

WITHIN = 180.0
"""Seconds after which a block hangs."""

COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
"""A command of a console, and what it prints."""

STEP = """
cd "$(cat {state}.cwd)"
. {state}
trap 'declare -px > {state}; pwd > {state}.cwd' EXIT
set -eo pipefail
{code}"""

HOST = "www.example.org"
"""The site's name in the page."""

VENV = """
[ "$1 $2" = "-m venv" ] || exec {python} "$@"
{python} -m venv --without-pip "$3"
cp {own}/own.pth "$3"/lib/python*/site-packages/
for script in {own}/scripts/*; do
    {{ echo "#!$PWD/$3/bin/python"; cat "$script"; }} > "$3/bin/${{script##*/}}"
    chmod +x "$3/bin/${{script##*/}}"
done
"""
"""Python, whose new virtual environments have the tests' own packages, with their programs."""

SCRIPT = "import sys\nfrom {module} import {name}\nsys.exit({call}())\n"


class Operator:
    """Runs blocks of the page in one shell, whose folder and environment stay from block to block.

    `ports` are those on this machine, by those of the page. The page's `www.example.org` leads to
    nginx, for curl.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.home = folder / "root"
        self.ports = {each: str(free_port()) for each in ("80", "443", "8001", "8002", "6379")}
        self.ports["5432"] = environment["PGPORT"]
        self._state = self.home / "shell"
        (self.home / "bin").mkdir(parents=True)
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        variables = {"PATH": path, "HOME": str(self.home), **environment}
        lines = [f'declare -x {name}="{value}"\n' for name, value in variables.items()]
        self._state.write_text("".join(lines))
        Path(f"{self._state}.cwd").write_text(str(folder))

    @property
    def certificate(self) -> Path:
        """The certificate of nginx."""
        return self.home / "certificate.pem"

    def here(self, text: str) -> str:
        """Return a text of the page, or of a file that it copies, with this machine's places."""
        text = ROOTED.sub(f"{self.folder}/", text)
        text = re.sub(r"\b(8001|8002|6379|5432)\b", lambda port: self.ports[port[1]], text)
        text = re.sub(r".*\blisten \[::\]:.*\n", "", text)
        listen = r"\blisten (80|443)\b"
        return re.sub(listen, lambda port: f"listen 127.0.0.1:{self.ports[port[1]]}", text)

    def has(self, program: str, script: str) -> None:
        """Have a program in the PATH that is this shell script."""
        path = self.home / "bin" / program
        path.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def follow(self, block: Block) -> None:
        """Do what a block says: run its commands, compare what they print, or write its file."""
        if block.reason:
            return
        if block.language == "sh":
            self.run(block.code)
        elif block.language == "console":
            for command, output in COMMAND.findall(block.code):
                printed = self.run(command)
                # /healthz ends without a line break.
                expected = re.escape(self.here(output).rstrip()).replace("…", ".*")
                is_as_told = re.fullmatch(expected, printed.rstrip())
                assert is_as_told, f"{command}\n{printed}\nnot\n{output}"
        elif block.file:
            path = Path(Path(f"{self._state}.cwd").read_text().strip()) / block.file
            before = f"{path.read_text()}\n" if path.exists() else ""
            path.write_text(before + self.here(block.code))

    def run(self, code: str) -> str:
        """Run commands as they are in the page, and return what they printed."""
        done = subprocess.run(
            ["bash", "-c", STEP.format(state=self._state, code=self.here(code))],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=WITHIN,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{self.logs()}"
        return done.stdout

    def serves_https(self) -> bool:
        """Return whether nginx has loaded the page's configuration: a reload returns before."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.ports["443"]))) == 0

    def read(self, path: str) -> str:
        """Return a file of the page."""
        return Path(self.here(path)).read_text()

    def logs(self) -> str:
        """Return what all services wrote."""
        return "\n".join(f"{log.name}:\n{log.read_text()}" for log in self.folder.glob("*.log"))


@contextmanager
def run_operator(folder: Path, database: str, dist: Path | None) -> Iterator[Operator]:
    """Give an operator an empty machine until the block ends. "Programs" of the page is done there:
    the packages are installed, nginx and Redis run. `database` is the URL of a PostgreSQL. pip
    installs from `dist`; None: the tests' own packages are in every virtual environment.
    """
    parts = urlsplit(database)
    variables = {"PGHOST": str(parts.hostname), "PGPORT": str(parts.port)}
    variables |= pip_installs(folder, dist) if dist else {"PIP_NO_INDEX": "1"}
    operator = Operator(folder, **variables)
    operator.has("sudo", f'shift 2; PGUSER={parts.username} PGDATABASE={parts.path[1:]} exec "$@"')
    if dist:
        operator.has("python3", f'exec {sys.executable} "$@"')
    else:
        own = operator.home / "own"
        _own_packages(own)
        operator.has("python3", VENV.format(python=sys.executable, own=own))
    _repository(operator)
    _services(operator)
    _certificate(operator)
    try:
        operator.run("systemctl start nginx redis-server")
        yield operator
    finally:
        with ExitStack() as stops:
            for pid in folder.glob("*.pid"):
                stops.callback(Unit(folder, pid.stem).stop)


def pip_installs(folder: Path, dist: Path) -> dict[str, str]:
    """Return the environment in which pip installs presence as `make dist` built it, and for the
    rest the versions that the tests run with. A file in `folder` lists them."""
    [wheel] = dist.glob("*-py3-none-any.whl")
    versions = {f"{each.name}=={each.version}" for each in distributions()}
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join([*versions, f"django-live-presence @ {wheel.as_uri()}"]))
    # pip reads this as --no-compile: Python compiles what is imported, a small part of it all.
    return {"PIP_CONSTRAINT": str(constraints), "PIP_NO_COMPILE": "no"}


def _own_packages(own: Path) -> None:
    """Write what the virtual environments of `VENV` get: the tests' packages and this checkout."""
    (own / "scripts").mkdir(parents=True)
    describe = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(own)]
    subprocess.run(describe, cwd=ROOT, check=True, capture_output=True)
    (own / "own.pth").write_text(f"{sysconfig.get_path('purelib')}\n{own}\n{ROOT}\n")
    for program in entry_points(group="console_scripts"):
        name = program.attr.partition(".")[0]
        script = SCRIPT.format(module=program.module, name=name, call=program.attr)
        (own / "scripts" / program.name).write_text(script)


def _repository(operator: Operator) -> None:
    """Have git clone this checkout's deploy/, with this machine's places."""
    source = operator.home / "source"
    for file in (path for path in (ROOT / "deploy").rglob("*") if path.is_file()):
        copy = source / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(operator.here(file.read_text()))
    operator.has("git", f'for to; do :; done; mkdir -p "$to"; exec cp -r {source}/. "$to"')


def _services(operator: Operator) -> None:
    """Write what Debian has of nginx and Redis, and have systemd."""
    folder, etc = operator.folder, operator.folder / "etc"
    for name in ("nginx/conf.d", "redis", "systemd/system"):
        (etc / name).mkdir(parents=True)
    (folder / "units").symlink_to(etc / "systemd/system")
    user = "user root;" if os.geteuid() == 0 else ""
    around = AROUND.format(folder=etc / "nginx", user=user)
    (etc / "nginx/nginx.conf").write_text(around.replace("presence.conf", "conf.d/*.conf"))
    own = f"-p {etc}/nginx -c {etc}/nginx/nginx.conf -e {folder}/error.log"
    nginx = f"{system_program('nginx')} {own}"
    (etc / "redis/redis.conf").write_text(
        f"port {operator.ports['6379']}\nbind 127.0.0.1\ndir {etc}/redis\n"
    )
    redis = Path(executable("redis-server"))
    command = redis.with_name("redis-cli")
    answers = f"until {command} -p {operator.ports['6379']} ping; do sleep 0.1; done"
    (etc / "systemd/system/nginx.service").write_text(
        f"[Service]\nExecStart={nginx}\nExecReload={nginx} -s reload\n"
    )
    # Debian's tells systemd when it is up.
    (etc / "systemd/system/redis-server.service").write_text(
        f"[Service]\nExecStart={redis} {etc}/redis/redis.conf\n"
        f"ExecStartPost=/bin/sh -c '{answers} >/dev/null 2>&1'\n"
    )
    units = f"PYTHONPATH={ROOT} exec {sys.executable} -m tests.support.units {folder}"
    operator.has("systemctl", f'{units} systemctl "$@"')
    operator.has("journalctl", f'{units} journalctl "$@"')
    operator.has("nginx", f'exec {nginx} "$@"')
    operator.has("redis-cli", f'exec {command} "$@"')


def _certificate(operator: Operator) -> None:
    """Put a certificate where nginx expects that of certbot, and have curl trust it."""
    configuration = (operator.home / "source/deploy/nginx.conf").read_text()
    configuration = configuration.replace("/example.org/", f"/{HOST}/")
    [certificate] = re.findall(r"ssl_certificate (\S+);", configuration)
    [key] = re.findall(r"ssl_certificate_key (\S+);", configuration)
    Path(key).parent.mkdir(parents=True)
    names = f"subjectAltName=DNS:{HOST},IP:127.0.0.1"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={HOST}", "-addext", names,
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    operator.certificate.symlink_to(certificate)
    (operator.home / ".curlrc").write_text(
        f'connect-to = "{HOST}:443:127.0.0.1:{operator.ports["443"]}"\n'
        f'cacert = "{operator.certificate}"\n'
    )
