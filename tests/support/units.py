"""`systemctl` and `journalctl` where systemd does not run: they start, stop and restart programs as
unit files say.

usage: units.py FOLDER systemctl VERB [--now] UNIT ...   FOLDER/units has the unit files
       units.py FOLDER journalctl --unit UNIT ...
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from string import Template

from tests.support.waiting import eventually

STARTS = {"start", "restart", "enable"}
STOPS = {"stop", "restart", "disable"}


class Unit:
    """A service, such as "nginx" or "presence@8001"."""

    def __init__(self, folder: Path, name: str) -> None:
        template, at, instance = name.removesuffix(".service").partition("@")
        self._instance = instance
        self._pid = folder / f"{template}{at}{instance}.pid"
        self.log = self._pid.with_suffix(".log")
        self._settings: dict[str, list[str]] = {}
        text = (folder / "units" / f"{template}{at}.service").read_text().replace("\\\n", " ")
        for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
            self._settings.setdefault(key, []).append(value.replace("%i", instance))

    def start(self) -> None:
        """Start the program of ExecStart, unless it runs."""
        if self.pid:
            return
        environment = self._environment()

        def words(command: str) -> list[str]:
            return [Template(word).safe_substitute(environment) for word in shlex.split(command)]

        with self.log.open("ab") as log:
            process = subprocess.Popen(
                words(self._one("ExecStart")),
                cwd=self._one("WorkingDirectory", "/"),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid.write_text(str(process.pid))
        for command in self._settings.get("ExecStartPost", []):
            subprocess.run(words(command), env=environment, check=True)

    def stop(self) -> None:
        """Send KillSignal, and wait for the end. Fail after TimeoutStopSec, when systemd kills."""
        if pid := self.pid:
            os.kill(pid, getattr(signal, self._one("KillSignal", "SIGTERM")))
            within = float(self._one("TimeoutStopSec", "90").removesuffix("s"))
            eventually(lambda: not self.pid, f"{self._pid.stem} has ended", within)

    def reload(self) -> None:
        """Run ExecReload."""
        subprocess.run(shlex.split(self._one("ExecReload")), check=True)

    @property
    def pid(self) -> int:
        """The id of the process, 0 where none runs."""
        try:
            pid = int(self._pid.read_text())
            # Nobody may have waited for one that has ended.
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return 0
        return 0 if state == "Z" else pid

    def _one(self, key: str, default: str = "") -> str:
        [value] = self._settings.get(key, [default])
        assert value, f"the unit has no {key}"
        return value

    def _environment(self) -> dict[str, str]:
        lines = self._settings.get("Environment", [])
        for file in self._settings.get("EnvironmentFile", []):
            lines = [*lines, *Path(file).read_text().splitlines()]
        words = [word for line in lines for word in shlex.split(line, comments=True)]
        return {"PATH": os.defpath} | dict(word.split("=", 1) for word in words)


def systemctl(folder: Path, verb: str, *words: str) -> None:
    """Do to units what systemctl does; `enable` and `disable` change nothing without `--now`."""
    names = [word for word in words if not word.startswith("-")]
    units = [Unit(folder, name) for name in names if not name.endswith(".target")]
    assert verb in STARTS | STOPS | {"reload", "daemon-reload"}, verb
    if verb in ("enable", "disable") and "--now" not in words:
        return
    for unit in units:
        if verb in STOPS:
            unit.stop()
        if verb in STARTS:
            unit.start()
        if verb == "reload":
            unit.reload()


def journalctl(folder: Path, *words: str) -> None:
    """Print what units wrote, one after the other."""
    for option, name in pairwise(words):
        if option == "--unit":
            sys.stdout.write(Unit(folder, name).log.read_text())


if __name__ == "__main__":
    {"systemctl": systemctl, "journalctl": journalctl}[sys.argv[2]](
        Path(sys.argv[1]), *sys.argv[3:]
    )
