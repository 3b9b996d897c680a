"""Real proxies with TLS, each with its file of deploy/, before two servers."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.nginx import nginx_configuration, replaced, run_proxy, system_program
from tests.support.server import ROOT, Server, free_port, run_program

BY_VISITOR = {
    "nginx.conf": ("hash $uri consistent;", "ip_hash;"),
    "haproxy.cfg": ("balance uri path-only", "balance source"),
    "Caddyfile": ("lb_policy uri_hash", "lb_policy ip_hash"),
}
"""What each file has to send a board to one process, and what its comment has for a visitor."""

COMMANDS = {
    "haproxy.cfg": "{program} -db -f {file}",
    "Caddyfile": "{program} run --adapter caddyfile --config {file}",
}


@contextmanager
def run_front(
    folder: Path, name: str, behind: Sequence[int], certificate: Path, *, by_visitor: bool = False
) -> Iterator[tuple[Server, int]]:
    """Run the proxy of deploy/`name` until the block ends, before servers on the two ports `behind`
    it. Yields the proxy, and its port without TLS. `folder` has static/."""
    http, https = free_port(), free_port()
    text = _configuration(folder, name, behind, (http, https), certificate)
    if by_visitor:
        text = replaced(text, dict([BY_VISITOR[name]]))
    if name == "nginx.conf":
        running = run_proxy(folder, text, https)
    else:
        running = _run_other(folder, name, text, https)
    with running as server:
        yield replace(server, scheme="https"), http


def _configuration(
    folder: Path, name: str, behind: Sequence[int], ports: tuple[int, int], certificate: Path
) -> str:
    http, https = ports
    if name == "nginx.conf":
        return nginx_configuration(name, behind, http, f"{https} ssl http2", certificate, folder)
    servers = {f"127.0.0.1:{8001 + n}": f"127.0.0.1:{port}" for n, port in enumerate(behind)}
    others = {
        "haproxy.cfg": {
            "bind :80\n": f"bind 127.0.0.1:{http}\n",
            "bind :443 ": f"bind 127.0.0.1:{https} ",
            "/etc/haproxy/certs/example.org.pem": f"{certificate}",
            # Not every machine lets a test have so many, and only root may take on the others.
            "maxconn 20000": "maxconn 1000",
            "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n": "",
        },
        "Caddyfile": {
            "\n{\n": "\n{\n\tdefault_bind 127.0.0.1\n\tadmin off\n"
            f"\thttp_port {http}\n\thttps_port {https}\n",
            "\nexample.org {\n": f"\nhttps://127.0.0.1 {{\n\ttls {certificate} {certificate}\n",
            "root * /srv/mysite/var\n": f"root * {folder}\n",
        },
    }
    return replaced((ROOT / "deploy" / name).read_text(), {**servers, **others[name]})


@contextmanager
def _run_other(folder: Path, name: str, text: str, port: int) -> Iterator[Server]:
    file, log = folder / name, folder / f"{name}.log"
    file.write_text(text)
    program = system_program("caddy" if name == "Caddyfile" else "haproxy")
    command = COMMANDS[name].format(program=program, file=file).split()
    # Caddy keeps what it needs below the home of its user.
    environment = {**os.environ, "HOME": str(folder)}

    def listens() -> bool:
        with socket.socket() as visitor:
            return visitor.connect_ex(("127.0.0.1", port)) == 0

    with run_program(command, log, listens, env=environment) as process:
        yield Server(port, process, log, {})
