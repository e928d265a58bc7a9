"""A server that answers as it is told: slow, broken, lying or rude."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Behaviour = Callable[["Rude"], None]


class Rude(BaseHTTPRequestHandler):
    """Answers as it is told, one behaviour a request; the last one stays."""

    behaviours: list[Behaviour]
    seen: list[tuple[str, str, dict[str, str], Any]]
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.command, self.path, headers, orjson.loads(raw) if raw else None))
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        behaviour(self)

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, *_: Any) -> None:
        """Be silent."""

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def says(status: int, body: Any, **headers: str) -> Behaviour:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return lambda handler: handler.send(status, raw, **headers)


def hangs_up(handler: Rude) -> None:
    handler.close_connection = True
    handler.connection.shutdown(2)


def sleeps(seconds: float) -> Behaviour:
    def behaviour(handler: Rude) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return behaviour


def drips(handler: Rude) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


@contextmanager
def rude(*behaviours: Behaviour) -> Iterator[tuple[str, list[Any]]]:
    class One(Rude):
        pass

    One.behaviours, One.seen = list(behaviours), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), One)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", One.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
