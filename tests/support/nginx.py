"""A real nginx before other servers, run on a file of deploy/ with only its addresses changed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import ROOT, Server, free_port
from tests.support.waiting import eventually

# What stands around the file on a Debian, but for what needs root or belongs to all of the machine.
AROUND = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 1024; }}
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


def _program() -> str:
    """Return nginx; Debian keeps it where not everybody's PATH leads."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found, "nginx is not installed: apt-get install nginx"
    return found


def addressed(text: str, port: int, behind: Sequence[int]) -> str:
    """Return a file of deploy/ that listens on `port`, with a line for each port `behind` it."""
    servers = "".join(f"    server 127.0.0.1:{port};\n" for port in behind)
    text = re.sub(r"(?:    server 127\.0\.0\.1:\d+;\n)+", servers, text)
    return text.replace("listen 80;", f"listen 127.0.0.1:{port};")


@contextmanager
def run_nginx(folder: Path, name: str, behind: Sequence[int]) -> Iterator[Server]:
    """Run nginx on deploy/`name` until the block ends; what it stands before need not be up."""
    port, log = free_port(), folder / "error.log"
    (folder / "presence.conf").write_text(
        addressed((ROOT / "deploy" / name).read_text(), port, behind)
    )
    # As root, its workers would be another user, who may not look into our folders.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    command = [_program(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(log)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        eventually(lambda: _runs(process, folder, log), lambda: f"nginx: {log.read_text()}")
        yield Server(port, process, log, {})
    finally:
        process.terminate()
        process.wait(timeout=15)


def _runs(process: subprocess.Popen[bytes], folder: Path, log: Path) -> bool:
    assert process.poll() is None, f"nginx ended: {log.read_text()}"
    # It writes its pid when it listens.
    return (folder / "nginx.pid").exists()
