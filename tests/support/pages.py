"""A tiny HTTP server: pages of another origin than the site's, or whatever else a test answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TYPES = {"js": "text/javascript", "html": "text/html"}

Answer = Callable[[BaseHTTPRequestHandler], tuple[int, str, str]]
"""Returns status, content type and text for a request."""


@contextmanager
def serve_answers(answer: Answer) -> Iterator[int]:
    """Answer every GET until the block ends; give the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, text = answer(self)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serve_pages(texts: Mapping[str, str]) -> Iterator[str]:
    """Serve texts by their path ("/index.html") until the block ends; give the origin.

    Its host is `localhost`, so that it is another origin than a site's on 127.0.0.1.
    """

    def page(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
        # Browsers ask for an icon, and complain where there is none.
        text = {"/favicon.ico": "", **texts}.get(request.path.partition("?")[0])
        kind = TYPES.get(request.path.rpartition(".")[2], "text/html")
        return (404, kind, "") if text is None else (200, kind, text)

    with serve_answers(page) as port:
        yield f"http://localhost:{port}"
