"""Pages of another origin than the site's: a tiny server of a few texts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TYPES = {"js": "text/javascript", "html": "text/html"}

Texts = Mapping[str, str]
"""What is served, by its path: "/index.html"."""


@contextmanager
def serve_pages(texts: Texts) -> Iterator[str]:
    """Serve texts until the block ends, as they are when they are asked for; give the origin, whose
    host is `localhost`, so that it is another than that of a site on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Browsers ask for an icon, and complain where there is none.
            text = {"/favicon.ico": "", **texts}.get(self.path.partition("?")[0])
            body = (text or "").encode()
            self.send_response(200 if text is not None else 404)
            kind = TYPES.get(self.path.rpartition(".")[2], "text/html")
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
