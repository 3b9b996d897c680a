"""A real nginx, with the files of deploy/ or another configuration."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import ROOT, Server, free_port, run_program

AROUND = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 16384; }}
http {{
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
    """Run nginx on deploy/`name` until the block ends, before servers on the ports `behind` it."""
    port = free_port()
    text = (ROOT / "deploy" / name).read_text()
    # \1: each server has the parameters that the file gives.
    servers = "".join(f"    server 127.0.0.1:{port}\\1;\n" for port in behind)
    text = re.sub(r"(?:    server 127\.0\.0\.1:\d+([^;]*);\n)+", servers, text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    with run_proxy(folder, text, port) as server:
        yield server


@contextmanager
def run_proxy(folder: Path, text: str, port: int) -> Iterator[Server]:
    """Run nginx on a configuration, which has it listen on a port, until the block ends."""
    # Debian has it where not everybody's PATH leads.
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    program = shutil.which("nginx", path=path)
    assert program, "nginx is not installed: apt-get install nginx"
    log = folder / "error.log"
    (folder / "presence.conf").write_text(text)
    # As root, its workers would be another user, who may not read our folders.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(log)]
    with run_program(command, log, (folder / "nginx.pid").exists) as process:
        yield Server(port, process, log, {})
