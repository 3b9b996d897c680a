"""The example in deploy/kubernetes/, by the schemas of Kubernetes and by what refers to what."""

import re
from collections.abc import AsyncIterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from presence import views
from presence.asgi.daphne import SHUTDOWN_TIMEOUT
from presence.runtime import current_hub
from tests.support.server import ROOT

FOLDER = ROOT / "deploy/kubernetes"
LIST: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS: dict[str, dict[str, Any]] = {
    (loaded := yaml.safe_load((FOLDER / name).read_text()))["kind"]: loaded
    for name in LIST["resources"]
}
POD: dict[str, Any] = OBJECTS["Deployment"]["spec"]["template"]
(PROCESS,) = POD["spec"]["containers"]
PROBES = [PROCESS[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
VERSIONS = ["1.30", "1.37"]
"""The oldest that is promised, and the newest that is known."""


def test_every_file_is_listed() -> None:
    assert sorted(LIST["resources"]) == sorted(
        file.name for file in FOLDER.iterdir() if file.name != "kustomization.yaml"
    )
    assert len(OBJECTS) == len(LIST["resources"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_kubernetes_knows_every_field(kind: str, version: str) -> None:
    kubernetes_validate.validate(OBJECTS[kind], version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    wrong = OBJECTS["Service"] | {"spec": {"selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_selectors_choose_the_processes_and_not_the_job() -> None:
    labels = POD["metadata"]["labels"].items()
    job = OBJECTS["Job"]["spec"]["template"]["metadata"]["labels"].items()
    spread = POD["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    for selector in (
        OBJECTS["Deployment"]["spec"]["selector"]["matchLabels"],
        OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        OBJECTS["Service"]["spec"]["selector"],
        spread,
    ):
        assert selector.items() <= labels
        assert not selector.items() <= job


def test_requests_reach_the_port_of_the_image() -> None:
    port = re.search(r'"--port", "(\d+)"', (ROOT / "deploy/Dockerfile").read_text())
    assert port
    assert PROCESS["ports"] == [{"name": "http", "containerPort": int(port[1])}]
    assert POD["metadata"]["annotations"]["prometheus.io/port"] == port[1]
    (service,) = OBJECTS["Service"]["spec"]["ports"]
    assert service["targetPort"] == "http"
    (rule,) = OBJECTS["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {
        "name": OBJECTS["Service"]["metadata"]["name"],
        "port": {"name": service["name"]},
    }
    assert {probe["httpGet"]["port"] for probe in PROBES} == {"http"}


def test_images_and_settings_have_the_names_that_the_list_gives() -> None:
    images = {image["name"] for image in LIST["images"]}
    settings = {each["name"] for each in LIST["configMapGenerator"]}
    containers = [*POD["spec"]["initContainers"], PROCESS]
    containers += OBJECTS["Job"]["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 3
    for container in containers:
        assert container["image"] in images
        assert container["envFrom"][0]["configMapRef"]["name"] in settings


async def test_probes_go_on_while_redis_is_away(
    async_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise ConnectionError("on purpose")

    monkeypatch.setattr(views, "_look", fail)
    for probe in PROBES:
        assert (await async_client.get(probe["httpGet"]["path"])).status_code == 200


def test_a_pod_has_time_to_drain() -> None:
    waits = PROCESS["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["spec"]["terminationGracePeriodSeconds"] >= waits + 2 * SHUTDOWN_TIMEOUT


@pytest.fixture
async def ended() -> AsyncIterator[None]:
    """End what a request for metrics starts."""
    yield
    await current_hub().close()


@pytest.mark.usefixtures("ended")
async def test_the_autoscaler_counts_what_a_process_reports_of_itself(async_client: Any) -> None:
    spec = OBJECTS["HorizontalPodAutoscaler"]["spec"]
    assert spec["scaleTargetRef"]["name"] == OBJECTS["Deployment"]["metadata"]["name"]
    (metric,) = spec["metrics"]
    assert metric["type"] == "Pods"
    named = metric["pods"]["metric"]["name"]
    rule = (FOLDER / "autoscaler.yaml").read_text()
    assert f"seriesQuery: {named}{{" in rule
    told = (await async_client.get("/metrics")).content.decode()
    assert re.search(rf"^{named}{{process=", told, re.MULTILINE)
