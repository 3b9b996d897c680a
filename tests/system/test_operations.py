"""What operators get from a real Daphne: metrics, which the files of deploy/ use, and a log."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.clients import Clients
from tests.support.server import ROOT, Server, serve
from tests.support.waiting import DEADLINE

DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus-alerts.yml").read_text())
NAME = re.compile(r"\b(?:presence|process)_[a-z_]+\b")


def in_dashboard() -> str:
    """Return all that the dashboard asks for."""
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    queries = [str(variable.get("query")) for variable in DASHBOARD["templating"]["list"]]
    return "\n".join([target["expr"] for panel in panels for target in panel["targets"]] + queries)


def in_alerts() -> str:
    """Return all that the alerts ask for."""
    return "\n".join(rule["expr"] for group in ALERTS["groups"] for rule in group["rules"])


@pytest.fixture
def families(server: Server) -> dict[str, Metric]:
    """The metrics of a process by their names."""
    with urlopen(f"{server.origin}/metrics", timeout=DEADLINE) as answer:
        return {f.name: f for f in text_string_to_metric_families(answer.read().decode())}


@pytest.mark.parametrize("asked", [in_dashboard, in_alerts])
def test_every_name_in_use_is_in_a_scrape(families: dict[str, Metric], asked: object) -> None:
    used = {*NAME.findall(asked())}
    assert len(used) > 5
    assert used <= {sample.name for family in families.values() for sample in family.samples}


def test_every_metric_is_on_the_dashboard(families: dict[str, Metric]) -> None:
    missing = {n for n in families if n.startswith("presence_") and n not in in_dashboard()}
    # The histogram of their durations counts ticks too.
    assert missing <= {"presence_ticks"}


def test_every_metric_is_documented(families: dict[str, Metric]) -> None:
    text = (ROOT / "docs/operations.md").read_text()
    documented = re.findall(r"^\| `(presence_\w+)` \| (\w+) \|", text, re.MULTILINE)
    there = [
        (name + "_total" if family.type == "counter" else name, family.type)
        for name, family in families.items()
        if name.startswith("presence_")
    ]
    assert sorted(documented) == sorted(there)


def test_alerts_and_panels_are_whole() -> None:
    for group in ALERTS["groups"]:
        assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])
        for rule in group["rules"]:
            assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
            assert rule["annotations"]["summary"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.fixture
def logging(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """A server that logs JSON."""
    with serve(tmp_path, {**environment, "LOG_FORMAT": "json"}) as running:
        yield running


async def test_the_log_of_a_process(logging: Server, board: str) -> None:
    clients = Clients(logging, board)
    await (await clients.join("Ada Lovelace")).leave()
    people = [await clients.join() for _ in range(3)]
    logging.process.send_signal(signal.SIGTERM)
    for person in people:
        await person.closed()
    logging.process.wait(DEADLINE)
    lines = [json.loads(line) for line in logging.logged().splitlines() if line[:1] == "{"]
    events = [line for line in lines if "event" in line]
    assert all(line.keys() >= {"time", "level", "logger"} for line in lines)
    assert [e["event"] for e in events if e.get("board") == board][:2] == ["join", "leave"]
    assert [e["sockets"] for e in events if e["event"] == "drain"] == [3]
    assert events[0]["event"] == "start"
    assert len({event["process"] for event in events}) == 1
    assert "Lovelace" not in logging.logged(), "names are not logged"
