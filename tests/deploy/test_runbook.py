"""An operator follows docs/deployment.md from an empty folder, command by command."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import ceil
from threading import Thread
from typing import Any

import pytest
import yaml
from django.core.signing import Signer

from benchmarks.model import Costs, Limits
from benchmarks.workload import Workload
from presence.conf import Settings
from presence.guests import COOKIE_SALT, new_guest
from tests.support.examples import blocks
from tests.support.operator import HOST, Operator, run_operator
from tests.support.server import ROOT
from tests.support.waiting import LONG, eventually

PAGE = "docs/deployment.md"
TEXT = (ROOT / PAGE).read_text()
SECTIONS = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
BLOCKS = {section: blocks(PAGE, section) for section in SECTIONS}
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus-alerts.yml").read_text())

REASONS = {
    "it changes the machine": {"apt-get", "useradd"},
    "it needs a public name": {"certbot"},
    "it needs a container engine": {"docker"},
    "it needs a cluster": {"kubectl"},
}
"""Why a block is not run, and the programs that this is a reason for."""

SEEN, RESTART, AWAY = "See that it works", "A rolling restart", "When Redis is away"


def test_every_block_is_run_or_says_why_not() -> None:
    fences = re.findall(r"^ *```(\w+)$", TEXT, re.MULTILINE)
    found = [block for section in SECTIONS for block in BLOCKS[section]]
    commands = [block for block in found if block.language in ("sh", "console")]
    assert len(commands) == sum(fence in ("sh", "console") for fence in fences)
    assert len(commands) > 20
    left_out = [block for block in found if block.reason]
    assert {block.reason for block in left_out} <= REASONS.keys()
    for block in left_out:
        programs = {line.split()[0] for line in block.code.splitlines()}
        assert programs <= REASONS[block.reason], block.code
    assert TEXT.count("<!--") == len(left_out), "each comment is a reason before a block"


def test_every_alert_has_a_section_that_it_links_to() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    section = TEXT.partition("\n## Metrics and alerts\n")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^### (\w+)\n\n((?:.+\n)+)", section, re.MULTILINE))
    assert list(told) == [rule["alert"] for rule in rules]
    for rule in rules:
        parts = re.findall(r"^- \*\*(\w+):\*\* ", told[rule["alert"]], re.MULTILINE)
        assert parts == ["Means", "Look", "Do"], rule["alert"]
        link = rule["annotations"]["runbook_url"]
        assert link.endswith(f"/blob/main/{PAGE}#{rule['alert'].lower()}")


class Visitor:
    """The built client in Node, on the lobby through nginx. `events` are its own, with when each
    came."""

    def __init__(self, operator: Operator) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        script = (ROOT / "presence/static/presence/client.js").as_uri()
        url = f"wss://127.0.0.1:{operator.ports['443']}/ws/presence/lobby/"
        page = ROOT / "tests/support/page.mjs"
        [key] = re.findall(r"^SECRET_KEY=(.+)", operator.read("/etc/mysite.env"), re.MULTILINE)
        cookie = f"{Settings().GUEST_COOKIE}={Signer(key=key, salt=COOKIE_SALT).sign(new_guest())}"
        self._process = subprocess.Popen(
            ["node", "--experimental-websocket", "--no-warnings", page, script, url,
             f"https://{HOST}", cookie],
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(operator.certificate)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._thread = Thread(target=self._read)
        self._thread.start()

    @property
    def statuses(self) -> list[tuple[float, str]]:
        """When the client had which status."""
        return [(at, event["status"]) for at, event in self.events if "status" in event]

    @property
    def users(self) -> set[int]:
        """The user ids that it was given."""
        return {event["user"] for _, event in self.events if event["event"] == "self"}

    @property
    def away(self) -> list[float]:
        """How many seconds passed from each loss of the connection until it was back."""
        found, since = [], 0.0
        for at, status in self.statuses:
            if status == "waiting" and not since:
                since = at
            elif status == "open" and since:
                found.append(at - since)
                since = 0.0
        return found

    def is_there(self) -> bool:
        """Return whether it is on the board."""
        return [status for _, status in self.statuses][-1:] == ["open"]

    def close(self) -> None:
        """Close the page."""
        with self._process:
            self._process.kill()
            self._thread.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.events.append((time.monotonic(), json.loads(line)))


@pytest.fixture(scope="module")
def operator(
    postgresql: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Operator]:
    """An operator with an empty machine. With PRESENCE_LONG, pip really installs what `make dist`
    built; otherwise the tests' own packages are in every virtual environment."""
    dist = request.getfixturevalue("dist") if LONG else None
    with run_operator(tmp_path_factory.mktemp("machine"), postgresql, dist) as running:
        yield running


@contextmanager
def somebody_stays(operator: Operator) -> Iterator[None]:
    """Have somebody on the lobby, who is back within the time that the page tells, as the same
    user, when their process restarts. Nobody hears that they left."""
    promised = re.search(r"Everybody is back within\s(\d+) s", TEXT)
    assert promised
    visitor = Visitor(operator)
    try:
        eventually(visitor.is_there, lambda: f"on the board: {visitor.events} {operator.logs()}")
        yield
        eventually(visitor.is_there, lambda: f"back on the board: {visitor.events}")
        assert visitor.away, "their process restarted"
        assert max(visitor.away) <= float(promised[1])
        assert len(visitor.users) == 1
        assert '"event": "leave"' not in operator.logs()
    finally:
        visitor.close()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_operator_follows_the_page(operator: Operator) -> None:
    with ExitStack() as visit:
        for section in SECTIONS:
            if section == SEEN:
                eventually(operator.serves_https, operator.logs)
            if section == RESTART:
                visit.enter_context(somebody_stays(operator))
            for block in BLOCKS[section]:
                operator.follow(block)
            if section == AWAY:
                visit.close()


@pytest.mark.parametrize(("restarts", "answers"), [("false", "true"), ("true", "false")])
def test_a_rolling_restart_ends_at_a_process_that_does_not_serve(
    restarts: str, answers: str
) -> None:
    [loop] = [block.code for block in BLOCKS[RESTART] if "systemctl restart" in block.code]
    programs = f'systemctl() {{ echo "$@"; {restarts}; }}\ncurl() {{ {answers}; }}\n'
    done = subprocess.run(["bash", "-c", programs + loop], capture_output=True, check=True)
    assert done.stdout == b"restart presence@8001\n"


def fitted() -> Costs:
    """Return the model of cost as docs/performance.md has it."""
    text = (ROOT / "docs/performance.md").read_text()
    table = text.partition("\n### A model of cost\n")[2].partition("\nThe model misses")[0]
    rows = dict(re.findall(r"^\| ([^|]+) \| (.+) \|$", table, re.MULTILINE))
    of = {name: [float(each) for each in re.findall(r"[\d.]+", row)] for name, row in rows.items()}
    (move, frame, cursor), (rest, person) = of["CPU"], of["CPU at rest"]
    memory, held, room = of["memory"]
    return Costs(
        window=of["window"][0] / 1e9,
        cpu=(rest / 100, person / 1e6, move / 1e6, frame / 1e6, cursor / 1e6),
        sized=tuple(of["bytes down"]),
        memory=(memory * 1e6, held * 1e3, room * 1e3),
        join_cpu=of["a join"][0] / 1e3,
        commands=tuple(of["Redis, commands"]),
        join_commands=of["Redis, commands a join"][0],
        command_cpu=of["Redis, CPU a command"][0] / 1e6,
    )


def test_the_sizes_are_those_of_the_model() -> None:
    rate, stay = 1.0, 600.0  # A tenth of the people at a time, 10 times a second; 10 minutes.
    costs = fitted()
    section = TEXT.partition("\n## How big\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\d,]+) \| (.+) \|$", section, re.MULTILINE)
    assert len(rows) > 5
    for first, rest in rows:
        people, size, *told = (float(c.replace(",", "")) for c in (first, *rest.split(" | ")))
        joins, rooms = people / stay, int(people / size)
        processes = ceil(rooms / costs.fill(int(size), rate, stay, Limits()).rooms)
        each = Workload(int(size), ceil(rooms / processes), rate)
        computed = [
            processes,
            processes * costs.resident(each) / 1e6,
            processes * costs.bytes_down(each) * 8 / 1e6,
            costs.redis(Workload(int(size), rooms, rate), joins),
        ]
        assert told == pytest.approx(computed, rel=0.1, abs=0.05), (people, size)
