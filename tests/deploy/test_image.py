"""deploy/Dockerfile builds a site that starts. `make image` builds a real image; otherwise the same
steps run in a folder."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.deploy.image import (
    LEFT_OUT,
    ByBuildah,
    Image,
    InFolder,
    build_wheel,
    healthcheck,
    last,
    run,
    write_project,
)
from tests.support.fixtures import postgresql
from tests.support.server import free_port, run_program
from tests.support.waiting import LONG

__all__ = ["postgresql"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800 if LONG else 180)]

HOST = "boards.example.org"
TOOLS = re.compile(r".*(/(gcc|cc|make|msgfmt|node|npm)|\.ts)")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The built image."""
    with tempfile.TemporaryDirectory(prefix="presence-") as name, ExitStack() as ending:
        folder = Path(name)
        # The user of the image has to get in.
        folder.chmod(0o711)
        project, wheels = write_project(folder / "project"), build_wheel(folder)
        if LONG:
            built = ByBuildah(folder, project, wheels)
            ending.callback(built.close)
            yield built
        else:
            yield InFolder(folder, project, wheels)


def test_it_has_what_the_site_needs_and_nothing_else(image: Image) -> None:
    files = image.files()
    for language in ("ar", "de", "es", "fr"):
        assert f"/srv/mysite/mysite/locale/{language}/LC_MESSAGES/django.mo" in files
    static = "/srv/mysite/var/static"
    hashed = json.loads(run(image.command("cat", f"{static}/staticfiles.json")))["paths"]
    assert re.fullmatch(r"presence/overlay\.\w{12}\.js", hashed["presence/overlay.js"])
    assert {f"{static}/{name}" for name in hashed.values()} <= files
    assert not files & {f"/srv/mysite/{name}" for name in LEFT_OUT}
    assert [name for name in files if TOOLS.fullmatch(name)] == []
    own = ("/opt/venv/", "/srv/mysite/")
    # useradd keeps what was in its files before.
    assert [name for name in files if not name.startswith(own) and name[-1] != "-"] == []


def test_the_site_starts_and_is_healthy(image: Image, postgresql: str, tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "SECRET_KEY": "of-this-test-only",
        "ALLOWED_HOSTS": f"{HOST},example.com",
        "BEHIND_HTTPS": "1",
        "DATABASE_URL": postgresql,
    }

    def command(words: list[str]) -> list[str]:
        """Return a command of the Dockerfile, on an address of this test."""
        own = (word.replace("8000", str(port)).replace("0.0.0.0", "127.0.0.1") for word in words)
        return image.command(*own, **environment)

    def is_healthy() -> bool:
        return subprocess.run(command(healthcheck()), capture_output=True).returncode == 0

    run(command(["python", "manage.py", "migrate", "--noinput"]))
    assert not is_healthy()
    with run_program(command(last("CMD")), tmp_path / "site.log", is_healthy):
        address, page = f"http://127.0.0.1:{port}", "/accounts/login/"
        behind_nginx = {"Host": HOST, "X-Forwarded-Proto": "https"}
        with urlopen(Request(address + page, headers=behind_nginx), timeout=10) as answer:
            style = re.search(r"/static/site/\w+\.\w{12}\.css", answer.read().decode())
        assert style
        with urlopen(Request(address + style[0], headers=behind_nginx), timeout=10) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
    assert "ERROR" not in (tmp_path / "site.log").read_text()


if LONG:  # Otherwise it has the user of the tests.

    def test_its_user_may_change_nothing(image: Image) -> None:
        assert run(image.command("id", "-u")) == "10001\n"
        for folder in ("/srv/mysite", "/opt/venv", "/etc"):
            command = image.command("touch", f"{folder}/written")
            assert subprocess.run(command, capture_output=True).returncode != 0
