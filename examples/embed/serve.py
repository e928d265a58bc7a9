"""A shop's page on an origin of its own, holding the chat widget: ``python examples/embed/serve.py``.

Start Floorwalker first (``make run``). Only the standard library is needed. With ``--identity-secret`` (the same as
Floorwalker's ``FLOORWALKER_IDENTITY_SECRET``) the page's server also signs who is "signed in" (``--customer``).
"""

from __future__ import annotations

import argparse
import html
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from identity_token import identity_token  # noqa: E402


class ShopPage(SimpleHTTPRequestHandler):
    """Serves this folder, with the page's placeholders filled."""

    def __init__(self, *arguments: object, options: argparse.Namespace) -> None:
        """Take the options of the command line."""
        self.options = options
        super().__init__(*arguments, directory=str(HERE))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with the page, its token, or one of its two files."""
        path = self.path.partition("?")[0]
        if path in ("/", "/index.html"):
            self._answer(self._page(), "text/html; charset=utf-8")
        elif path == "/identity-token" and self.options.identity_secret:
            self._answer(self._token(), "text/plain")
        elif path in ("/shop.css", "/shop.js"):
            super().do_GET()
        else:
            self.send_error(404)

    def _page(self) -> str:
        attributes = dict(part.split("=", 1) for part in self.options.data)
        if self.options.identity_secret:
            attributes["identity-token"] = self._token()
        told = " ".join(f'data-{name}="{html.escape(value, quote=True)}"' for name, value in attributes.items())
        page = Template((HERE / "index.html").read_text(encoding="utf-8"))
        return page.substitute(server=html.escape(self.options.server.rstrip("/"), quote=True), attributes=told)

    def _token(self) -> str:
        return identity_token(self.options.identity_secret, self.options.customer, self.options.shop)

    def _answer(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.options.policy:
            self.send_header("Content-Security-Policy", self.options.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent."""


def page_server(options: argparse.Namespace) -> ThreadingHTTPServer:
    """Return the server of the page, listening."""
    return ThreadingHTTPServer(("127.0.0.1", options.port), partial(ShopPage, options=options))


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = argparse.ArgumentParser(description="A shop's page that holds the chat widget")
    made.add_argument("--server", default="http://127.0.0.1:8000", help="where Floorwalker is served")
    made.add_argument("--port", type=int, default=8080)
    made.add_argument("--identity-secret", default="", help="the secret shared with Floorwalker")
    made.add_argument("--customer", default="u00001", help="who is signed in here")
    made.add_argument("--shop", default="electronics", help="the shop's slug, the token's audience")
    made.add_argument("--policy", default="", help="a Content-Security-Policy for the page")
    made.add_argument("data", nargs="*", metavar="NAME=VALUE", help="the script tag's data: locale=zh position=left")
    return made


def main() -> None:
    """Serve until interrupted."""
    options = parser().parse_args()
    server = page_server(options)
    print(f"A shop's page at http://127.0.0.1:{server.server_port}, with the chat of {options.server}")  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
