"""The Redis of deploy/compose.yaml, run by its own command: presence works as its user, and can do
nothing else."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.retry import Retry

from tests.deploy.compose import DEPLOY, PASSWORD, services
from tests.store.test_redis_rights import RIGHTS
from tests.support.audit import audit
from tests.support.clients import cursor
from tests.support.cluster import Cluster
from tests.support.fixtures import *  # noqa: F403
from tests.support.redis import RedisServer, executable
from tests.support.server import answers
from tests.support.waiting import eventually

ACL = DEPLOY / "redis-users.acl"
TESTER = "user tester on nopass ~* &* +@all\n"
"""Somebody who may ask the server what it refused."""


class ComposeRedis(RedisServer):
    """The service `redis`, in a folder in place of a container."""

    @property
    def url(self) -> str:
        """Where the site finds it, as in compose.yaml."""
        return f"redis://presence:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> "ComposeRedis":
        """Start it, empty, and return when it answers."""
        users = self.folder / "template.acl"
        users.write_text(ACL.read_text() + TESTER)
        service = services()["redis"]
        *shell, script = service["command"]
        script = script.replace("/tmp/", f"{self.folder}/")
        script = script.replace(" /redis-users.acl", f" {users}")
        script = f"{script.rstrip()} --bind 127.0.0.1 --port {self.port} --dir {self.folder}"
        (self.folder / "valkey-server").symlink_to(executable("valkey-server"))
        environment = service["environment"] | {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [*shell, script], env=environment, stdout=out, stderr=out
            )
        eventually(self._answers, self.log.read_text)
        return self

    def client(self, user: str = "tester", password: str = "") -> Any:
        """Open a client of a user."""
        return connect(self.port, username=user, password=password, socket_timeout=5)


def connect(port: int, **options: Any) -> Any:
    """Open a client that takes the first answer: redis-py's own asks for seven seconds again."""
    return Redis(port=port, retry=Retry(NoBackoff(), 0), **options)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeRedis]:
    """The Redis of the processes."""
    server = ComposeRedis(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def size() -> int:
    return 2


def test_the_user_has_the_rights_of_the_documents_and_no_others() -> None:
    [default, presence] = map(str.split, ACL.read_text().splitlines())
    assert default == ["user", "default", "off"]
    assert presence[:4] == ["user", "presence", "on", ">PASSWORD"]
    rights = [*RIGHTS["presence"], *RIGHTS["layer"], "+client|setinfo"]
    expected = {"resetkeys", "resetchannels", "~presence:*", "&asgi*", "-@all", *rights}
    assert {*presence[4:]} == expected


async def test_presence_works_and_nothing_is_refused(
    cluster: Cluster, redis: ComposeRedis, board: str
) -> None:
    for server in cluster.servers:
        assert answers(f"{server.origin}/healthz")
    visits = [cluster.clients(number, board) for number in range(2)]
    ada, bob = [await each.join(name) for each, name in zip(visits, ("Ada", "Bob"), strict=True)]
    for mover, observer in ((ada, bob), (bob, ada)):
        await observer.until(lambda who=observer: who.count == 2, "both counted")
        await mover.send(cursor(12, 34))
        await observer.until(
            lambda who=observer, user=mover.user: who.positions(user) == [(12, 34)], "the cursor"
        )
    assert audit(cluster.environment)[0] == 0
    await bob.leave()
    await ada.until(lambda: ada.count == 1, "Bob is off")
    await ada.leave()
    with redis.client() as client:
        assert client.acl_log() == []
    assert cluster.logged("WARNING", "ERROR") == []


@pytest.mark.parametrize(
    "command",
    [
        ["FLUSHALL"],
        ["KEYS", "*"],
        ["CONFIG", "GET", "*"],
        ["ACL", "LIST"],
        ["EVAL", "return 1", "0"],
        ["GET", "other:key"],
        ["PUBLISH", "other", "message"],
    ],
    ids=" ".join,
)
def test_its_user_may_do_nothing_else(redis: ComposeRedis, command: list[str]) -> None:
    with redis.client("presence", PASSWORD) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)


def test_nobody_comes_in_without_the_password(redis: ComposeRedis) -> None:
    with redis.client("presence", "guessed") as client, pytest.raises(AuthenticationError):
        client.ping()
    with connect(redis.port) as client, pytest.raises(AuthenticationError):
        client.ping()


def test_a_full_memory_forgets_nobody(redis: ComposeRedis) -> None:
    with redis.client() as client:
        settings = client.config_get("maxmemory*")
        assert settings["maxmemory-policy"] == "noeviction"
        assert int(settings["maxmemory"]) > 0
        assert client.config_get("save")["save"] == ""
