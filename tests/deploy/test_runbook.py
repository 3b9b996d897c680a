"""docs/deployment.md is whole: its commands, alerts and figures."""

import re
from math import ceil

import pytest
import yaml

from benchmarks.model import Costs, Limits
from benchmarks.workload import Workload
from tests.support.examples import blocks
from tests.support.server import ROOT

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
