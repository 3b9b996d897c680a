"""deploy/compose.yaml, deploy/Dockerfile and deploy/.env.example, without running them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from presence.asgi.shutdown import DRAIN_TIMEOUT
from tests.deploy.compose import DEPLOY, PASSWORD, read, services
from tests.support.examples import example

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
ENVIRONMENT = (DEPLOY / ".env.example").read_text()
SERVICES = sorted(services())
MIB = 1024 * 1024


def script(name: str) -> str:
    """Return what the shell of a service runs."""
    *shell, text = services()[name]["command"]
    assert shell == ["sh", "-ec"], "a step that fails must not let the next one start"
    return str(text)


def targets(name: str) -> list[Path]:
    """Return where a service has the folders and files that it mounts."""
    return [Path(mount["target"]) for mount in services()[name]["volumes"]]


def number(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    assert found, pattern
    return int(found[1])


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    command = [program, "--failure-threshold", "style", DEPLOY / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_settings_of_the_runbook_can_be_read_in_the_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("SECRET_KEY", "DATABASE_URL", "ALLOWED_HOSTS", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)
    [exported] = re.findall(r"^RUN export (.*) \\$", DOCKERFILE, re.MULTILINE)
    for assignment in exported.split():
        monkeypatch.setenv(*assignment.split("=", 1))
    settings: dict[str, Any] = {"BASE_DIR": Path("mysite"), "PRESENCE": {}}
    exec(example("docs/deployment.md", "Install", "python", "SECRET_KEY ="), settings)
    assert settings["STATIC_ROOT"] == Path("mysite/var/static")


def test_every_image_has_a_version() -> None:
    stages = dict(re.findall(r"^FROM (\S+)(?: AS (\S+))?$", DOCKERFILE, re.MULTILINE))
    assert len(stages) == 1, "the parts of the first stage run in the second"
    pulled = {each["image"] for each in services().values() if "build" not in each}
    assert len(pulled) == 3
    for image in pulled | {*stages}:
        assert re.fullmatch(r"[\w./]+:\d+(\.\d+)?-[\w-]+", image), image


@pytest.mark.parametrize("variable", re.findall(r"^(\w+)=", ENVIRONMENT, re.MULTILINE))
def test_a_variable_that_is_not_filled_in_is_named(variable: str) -> None:
    filled_in = ENVIRONMENT.replace("=\n", f"={PASSWORD}\n")
    done = read(re.sub(rf"^{variable}=.*$", f"{variable}=", filled_in, flags=re.MULTILINE))
    assert done.returncode != 0
    assert f"required variable {variable} is missing" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = services()[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert ("ports" in service) == (name == "nginx")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_others_until_they_are_healthy(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        if services()[other]["restart"] == "no":
            assert how["condition"] == "service_completed_successfully"
        else:
            assert how["condition"] == "service_healthy"
            own = "build" in services()[other] and "\nHEALTHCHECK " in DOCKERFILE
            assert own or "healthcheck" in services()[other]


def needs(name: str) -> set[str]:
    """Return all services that must be up before one starts."""
    direct = set(services()[name].get("depends_on", ()))
    return direct.union(*map(needs, direct))


def test_the_order_in_which_services_start() -> None:
    processes = {name for name in SERVICES if name.startswith("web")}
    assert len(processes) == 2
    for name in processes:
        assert needs(name) == {"migrate", "redis", "postgres"}
    assert needs("nginx") == {*SERVICES} - {"nginx"}


def test_a_process_has_time_to_drain() -> None:
    for name in ("web1", "web2"):
        grace = number(services()[name]["stop_grace_period"], r"^(\d+)s$")
        assert grace >= 2 * DRAIN_TIMEOUT


def test_redis_is_refused_memory_by_itself_before_the_kernel_ends_it() -> None:
    limit = int(services()["redis"]["mem_limit"]) / MIB
    assert number(script("redis"), r"--maxmemory (\d+)mb") * 1.25 < limit


def test_nginx_finds_the_processes_and_they_trust_it(tmp_path: Path) -> None:
    main = tmp_path / "main.conf"
    main.write_text("events {\n    worker_connections  1024;\n}\n")
    here = {
        "/tmp/": f"{tmp_path}/",
        "/etc/nginx/nginx.conf": str(main),
        "/etc/nginx/conf.d/": f"{tmp_path}/",
        " /nginx.conf": f" {DEPLOY}/nginx.conf",
        "exec nginx": "true",
    }
    steps = script("nginx")
    for old, new in here.items():
        assert old in steps
        steps = steps.replace(old, new)
    subprocess.run(["sh", "-ec", steps], check=True)
    connections = number((tmp_path / "nginx.conf").read_text(), r"worker_connections (\d+);\n}")
    assert connections * 2 <= services()["nginx"]["ulimits"]["nofile"]
    changed = (tmp_path / "default.conf").read_text()
    assert "127.0.0.1:" not in changed

    def address(name: str) -> Any:
        return services()[name]["networks"]["default"]["ipv4_address"]

    upstreams = re.findall(r"^upstream \w+ \{(.*?)^\}", changed, re.MULTILINE | re.DOTALL)
    assert len(upstreams) == 2
    for upstream in upstreams:
        servers = re.findall(r"server ([\d.]+):8000\b", upstream)
        assert servers == [address("web1"), address("web2")]
    for name in ("web1", "web2"):
        assert services()[name]["environment"]["TRUSTED_PROXIES"] == address("nginx")


@pytest.mark.parametrize("name", ["nginx", "redis"])
def test_a_service_finds_its_file(name: str) -> None:
    [file] = [target for target in targets(name) if target.parent == Path("/")]
    assert (DEPLOY / file.name).is_file()
    assert f" {file} " in script(name)


def test_nginx_finds_static_files_and_certificates() -> None:
    config = (DEPLOY / "nginx.conf").read_text()
    needed = re.findall(r"^ *(?:root|ssl_certificate\w*) (/.+);", config, re.MULTILINE)
    assert len(needed) >= 4
    for path in needed:
        mounted = [each for each in targets("nginx") if each.is_relative_to(path)]
        assert mounted or any(Path(path).is_relative_to(each) for each in targets("nginx")), path
