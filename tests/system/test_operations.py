"""Metrics, logs and the history of a real Daphne, and what is made of their names."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from presence.protocol.messages import Dialect
from tests.support.server import ROOT, Server, serve
from tests.support.waiting import eventually
from tests.support.wire import Clients, cursor

DASHBOARD = ROOT / "deploy/grafana-dashboard.json"
ALERTS = ROOT / "deploy/prometheus-alerts.yml"
NAME = re.compile(r"\b(?:presence|process)_[a-z_]+\b")


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example site, which logs JSON."""
    folder = tmp_path_factory.mktemp("daphne")
    with serve(folder, {**environment, "LOG_FORMAT": "json"}) as running:
        yield running


def ask(server: Server, **headers: str) -> str:
    with urlopen(Request(f"{server.origin}/metrics", headers=headers), timeout=10) as response:
        return str(response.read().decode())


def families(server: Server) -> dict[str, Any]:
    return {f.name: f for f in text_string_to_metric_families(ask(server))}


def samples(server: Server) -> dict[str, float]:
    """Return every sample's name, with one value of those that have it."""
    return {s.name: s.value for f in families(server).values() for s in f.samples}


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.read_text().splitlines() if line[:1] == "{"]


def expressions() -> dict[str, list[str]]:
    """Return what the dashboard and the alerts ask for."""
    dashboard = json.loads(DASHBOARD.read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    variables = [str(v.get("query")) for v in dashboard["templating"]["list"]]
    rules = [r for g in yaml.safe_load(ALERTS.read_text())["groups"] for r in g["rules"]]
    return {
        "dashboard": [t["expr"] for p in panels for t in p["targets"]] + variables,
        "alerts": [rule["expr"] for rule in rules],
    }


async def test_every_name_in_use_is_in_a_scrape(server: Server, clients: Clients) -> None:
    await clients.join()
    known = samples(server).keys()
    for place, asked in expressions().items():
        used = {name for expression in asked for name in NAME.findall(expression)}
        assert len(used) > 5
        assert used <= known, place


async def test_every_metric_of_ours_is_on_the_dashboard(server: Server) -> None:
    ours = {name for name in families(server) if name.startswith("presence_")}
    shown = "\n".join(expressions()["dashboard"])
    # `ticks` are counted by the histogram of their length too.
    assert {name for name in ours if name not in shown} <= {"presence_ticks"}


async def test_the_documented_metrics_are_those_there_are(server: Server) -> None:
    text = (ROOT / "docs/operations.md").read_text()
    documented = re.findall(r"^\| `(presence_\w+)` \| (\w+) \|", text, re.MULTILINE)
    told = families(server)
    there = {
        (name + "_total" if family.type == "counter" else name, family.type)
        for name, family in told.items()
        if name.startswith("presence_")
    }
    assert set(documented) == there
    assert len(documented) == len(there)


def test_alerts_and_panels_are_whole() -> None:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])
        for rule in group["rules"]:
            assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
            assert rule["annotations"]["summary"]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)


async def test_what_happens_is_counted(server: Server, clients: Clients) -> None:
    before = samples(server)
    ada, bob = await clients.join("Ada"), await clients.join("Bob")
    for n in range(10):
        await ada.send(cursor(n, n))
        await ada.settle()
    await bob.until(lambda: bob.cursors, "a cursor")
    await bob.send(b"\xff")
    await bob.settle()
    odd = await clients.connect(
        dialect=Dialect.EXPLICIT, board="00000000-0000-4000-8000-0000000000ff"
    )
    assert await odd.closed() == 4404
    after = families(server)
    now = samples(server)
    assert now["presence_joins_total"] == before["presence_joins_total"] + 2
    assert now["presence_sockets"] >= 2
    assert now["presence_site_people"] >= 2
    assert now["presence_frames_in_total"] >= before["presence_frames_in_total"] + 22
    assert now["presence_tick_seconds_count"] == now["presence_ticks_total"]
    reasons = {s.labels["reason"]: s.value for s in after["presence_malformed"].samples}
    assert reasons["unknown_type"] == 1
    codes = {s.labels["code"]: s.value for s in after["presence_closed"].samples}
    assert codes["4404"] == 1


def test_a_proxy_on_this_machine_opens_nothing(server: Server) -> None:
    with pytest.raises(HTTPError) as refused:
        ask(server, **{"X-Forwarded-For": "127.0.0.1"})
    with refused.value as answer:
        assert answer.code == 403


async def test_a_visit_is_in_the_log_without_its_name(server: Server, clients: Clients) -> None:
    ada = await clients.join("Ada Lovelace")
    await ada.close()

    def mine() -> list[str]:
        return [line["event"] for line in lines(server) if line.get("board") == clients.board]

    eventually(lambda: mine()[-2:] == ["join", "leave"], lambda: f"{mine()}")
    assert lines(server)[0].keys() >= {"time", "level", "logger"}
    assert "start" in [line.get("event") for line in lines(server)]
    assert "Lovelace" not in server.log.read_text()


async def test_a_drain_is_one_line(environment: dict[str, str], folder: Path, board: str) -> None:
    with serve(folder, {**environment, "LOG_FORMAT": "json"}) as running:
        clients = Clients(running, board)
        people = [await clients.join() for _ in range(3)]
        running.process.send_signal(signal.SIGTERM)
        for person in people:
            await person.closed()
        assert running.process.wait(15) is not None
    said = [line for line in lines(running) if "event" in line]
    assert [(line["event"], line["sockets"]) for line in said if "sockets" in line] == [
        ("drain", 3)
    ]
    assert {line["process"] for line in said} == {said[0]["process"]}
