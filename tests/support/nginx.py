"""A real nginx, with the files of deploy/ or another configuration."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import self_signed
from tests.support.server import ROOT, Server, free_port, run_program

AROUND = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 16384; }}
http {{
    include /etc/nginx/mime.types;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/presence.conf;
}}
"""
"""What Debian has around a configuration, without what needs root."""


@contextmanager
def run_nginx(folder: Path, name: str, behind: Sequence[int]) -> Iterator[Server]:
    """Run nginx on deploy/`name` until the block ends, but without TLS, before servers on the ports
    `behind` it. `tests.support.fronts` has it with TLS."""
    port = free_port()
    text = nginx_configuration(name, behind, free_port(), f"{port}", self_signed(folder), folder)
    with run_proxy(folder, text, port) as server:
        yield server


def nginx_configuration(
    name: str, behind: Sequence[int], http: int, https: str, certificate: Path, root: Path
) -> str:
    """Return deploy/`name` with other ports, another certificate, and a folder with static/.
    `https` is a port with the options of `listen`."""
    text = (ROOT / "deploy" / name).read_text()
    # \1: each server has the parameters that the file gives.
    servers = "".join(f"    server 127.0.0.1:{port}\\1;\n" for port in behind)
    text = re.sub(r"(?:    server 127\.0\.0\.1:\d+([^;]*);\n)+", servers, text)
    text = re.sub(r"    listen \[::\].*\n", "", text)
    letsencrypt = "/etc/letsencrypt/live/example.org"
    return replaced(
        text,
        {
            "listen 80;": f"listen 127.0.0.1:{http};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{https};",
            f"{letsencrypt}/fullchain.pem": f"{certificate}",
            f"{letsencrypt}/privkey.pem": f"{certificate}",
            "root /srv/mysite/var;": f"root {root};",
        },
    )


def replaced(text: str, by: Mapping[str, str]) -> str:
    """Return a configuration with some of its texts replaced, each of which it must have."""
    for old, new in by.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def system_program(name: str) -> str:
    """Return the path of a program that Debian may have where not everybody's PATH leads."""
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert program, f"{name} is not installed: apt-get install {name}"
    return program


@contextmanager
def run_proxy(folder: Path, text: str, port: int) -> Iterator[Server]:
    """Run nginx on a configuration, which has it listen on a port, until the block ends."""
    log = folder / "error.log"
    (folder / "presence.conf").write_text(text)
    # As root, its workers would be another user, who may not read our folders.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    own = str(folder / "nginx.conf")
    command = [system_program("nginx"), "-p", str(folder), "-c", own, "-e", str(log)]
    with run_program(command, log, (folder / "nginx.pid").exists) as process:
        yield Server(port, process, log, {})
