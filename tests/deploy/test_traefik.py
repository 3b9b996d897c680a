"""deploy/traefik.yaml, as far as it can be followed without Traefik."""

import re
from typing import Any
from uuid import uuid4

import pytest
import yaml

from tests.support.server import ROOT

HTTP: dict[str, Any] = yaml.safe_load((ROOT / "deploy/traefik.yaml").read_text())["http"]


def router_of(path: str) -> dict[str, Any]:
    """Return the router that gets a path: of those that fit, the one with the longest rule."""
    fitting = []
    for router in HTTP["routers"].values():
        assert "priority" not in router
        kinds = re.findall(r"(Path|PathPrefix|PathRegexp)\(`([^`]+)`\)", router["rule"])
        if not kinds or any(fits(kind, value, path) for kind, value in kinds):
            fitting.append(router)
    longest: dict[str, Any] = max(fitting, key=lambda router: len(router["rule"]))
    return longest


def fits(kind: str, value: str, path: str) -> bool:
    match kind:
        case "Path":
            return path == value
        case "PathPrefix":
            return path.startswith(value)
        case _:
            return re.search(value, path) is not None


def test_all_that_it_names_is_there() -> None:
    for router in HTTP["routers"].values():
        assert router["service"] in {*HTTP["services"], "noop@internal"}
        assert {*router.get("middlewares", ())} <= {*HTTP["middlewares"]}
    for service in HTTP["services"].values():
        assert {*service.get("failover", {}).values()} <= {*HTTP["services"]}


def test_the_boards_are_divided_among_the_processes() -> None:
    served = [router_of(f"/ws/presence/{uuid4()}/")["service"] for _ in range(200)]
    assert 60 < served.count("boards1") < 140
    assert served.count("boards1") + served.count("boards2") == 200
    first = [HTTP["services"][name]["failover"]["service"] for name in ("boards1", "boards2")]
    second = [HTTP["services"][name]["failover"]["fallback"] for name in ("boards1", "boards2")]
    assert first == second[::-1]
    assert first[0] != first[1]


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "pages"),
        ("/boards/1/", "pages"),
        ("/ws/presence/staff/", "boards2"),
        ("/ws/presence/Lobby/", "boards1"),
        ("/metrics", "noop@internal"),
        ("/healthz", "noop@internal"),
    ],
)
def test_where_a_path_leads(path: str, service: str) -> None:
    assert router_of(path)["service"] == service
