"""Who may call: API keys for ``/v1``, the operator's key, and the host names that browsers may reach us under."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr
from starlette.requests import Request

from core.errors import RequestError, SettingsError
from core.settings import Settings
from server.errors import unauthorized
from server.widget_tokens import PREFIX, SiteTokens, Visitor, origins_of
from storage.secrets import server_secret

FOR_SITES = frozenset({
    ("POST", "/v1/chat/completions"), ("POST", "/v1/responses"), ("POST", "/v1/events"), ("GET", "/v1/models"),
    ("POST", "/widget/labels"),
})  # fmt: skip
"""What a site token opens, for its visitor alone."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Headers that only a proxy sends: whoever called it may be anywhere."""


class Gate:
    """Checks keys without telling by its timing how much of one was right."""

    def __init__(self, settings: Settings) -> None:
        """Take the keys of the settings.

        Raises:
            SettingsError: the host is reachable from other machines and there is no API key, or an origin is none.
        """
        self._keys = _digests(settings.api_key)
        self._operator = _digests(settings.operator_key)
        self._exposed = settings.exposed
        self._host = settings.host.lower()
        self._allowed = frozenset(name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip())
        self._embedders = origins_of(settings.widget_origins)
        self.sites = SiteTokens(partial(server_secret, settings.data_dir))
        if self._exposed and not self._keys:
            raise SettingsError(
                f"--host {settings.host} can be reached from other machines: set FLOORWALKER_API_KEY "
                "(clients send it as Authorization: Bearer KEY), or bind 127.0.0.1"
            )

    def caller(self, request: Request) -> str:
        """Return who calls: the digest of the key, or ``""`` for this machine, where none is set.

        Raises:
            RequestError: status 401, no key or a wrong one; 403, a proxy passed it on and no key is set.
        """
        if self._keys:
            return self._check(request, self._keys)
        if not self.near(request):
            raise RequestError(
                "this server is reached from other machines: start it with FLOORWALKER_API_KEY and send that key",
                code="api_key_unset",
                status=403,
            )
        return ""

    def operator(self, request: Request) -> None:
        """Let the operator pass; whoever sits at this machine is, unless there is an operator's key.

        Raises:
            RequestError: status 401, no key or a wrong one; 403, it comes from elsewhere and no key is set.
        """
        if self._operator:
            self._check(request, self._operator)
        elif not self.near(request):
            raise RequestError(
                "this page is for the operator: start the server with FLOORWALKER_OPERATOR_KEY and send that key",
                code="operator_key_unset",
                status=403,
            )

    def host_allowed(self, header: str) -> bool:
        """Return whether a Host header may reach a loopback server; any other is DNS rebinding or a proxy's."""
        if self._exposed or not header:
            return True
        name = _host_name(header)
        return name == self._host or name in self._allowed or _is_loopback(name)

    def near(self, request: Request) -> bool:
        """Return whether a request comes from this very machine, not through a proxy on it."""
        if self._exposed or any(name in request.headers for name in FORWARDED):
            return False
        name = _host_name(request.headers.get("host", ""))
        return name == self._host or _is_loopback(name)

    def require_origin(self, request: Request) -> None:
        """Refuse a page of another site that calls on its own; programs send no Origin.

        Raises:
            RequestError: status 403.
        """
        place = _place(request)
        if place is None or _is_own(place, request) or (self.near(request) and _is_loopback(place.hostname or "")):
            return
        raise _foreign()

    def require_own_origin(self, request: Request) -> None:
        """Refuse what a page of another site sends, and a browser that hides where it comes from.

        Raises:
            RequestError: status 403.
        """
        place = _place(request)
        if place is not None and not _is_own(place, request):
            raise _foreign()

    def may_embed(self, origin: str, request: Request) -> bool:
        """Return whether pages of an origin may hold the widget: those of the setting, our own, on loopback its own."""
        place = urlsplit(origin)
        near = self.near(request) and _is_loopback(place.hostname or "")
        return origin in self._embedders or _is_own(place, request) or near

    def visitor(self, request: Request) -> Visitor | None:
        """Return the visitor of a site whose token came, or None when no such token came.

        Raises:
            RequestError: status 401, a wrong or expired token; 403, it does not open this, or another page sent it.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip().startswith(PREFIX):
            return None
        found = self.sites.visitor(token.strip())
        self.require_own_origin(request)
        if not self.may_embed(found.origin, request):
            raise RequestError("this site is not served any more", code="site_not_allowed", status=403)
        if (request.method, request.url.path) not in FOR_SITES:
            raise RequestError("a site token does not open this", code="site_token_scope", status=403)
        return found

    @staticmethod
    def _check(request: Request, known: tuple[str, ...]) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("no API key: send it as Authorization: Bearer KEY")
        digest = _digest(token.strip())
        matches = [hmac.compare_digest(digest, candidate) for candidate in known]
        if not any(matches):
            raise unauthorized("the API key is not one of this server's")
        return digest


def require_caller(request: Request) -> None:
    """Keep the caller and a site's visitor in ``request.state`` (a FastAPI dependency of every ``/v1`` route)."""
    gate: Gate = request.app.state.gate
    visitor = gate.visitor(request)
    request.state.visitor = visitor.id if visitor else None
    request.state.caller = _digest(f"site {visitor.origin}") if visitor else gate.caller(request)


def require_operator(request: Request) -> None:
    """Let only the operator pass (a FastAPI dependency)."""
    gate: Gate = request.app.state.gate
    gate.operator(request)


def _place(request: Request) -> SplitResult | None:
    """Return where the calling page stands; None for what is no page."""
    origin = request.headers.get("origin")
    return None if not origin else urlsplit(origin if origin.isprintable() else "")


def _is_own(place: SplitResult, request: Request) -> bool:
    return place.scheme in ("http", "https") and place.netloc.lower() == request.headers.get("host", "").lower()


def _foreign() -> RequestError:
    return RequestError("pages of other sites may not call this", code="origin_not_allowed", status=403)


def _host_name(header: str) -> str:
    """Return the name in a Host header, without its port."""
    name = header.rsplit(":", 1)[0] if not header.endswith("]") and ":" in header else header
    return name.strip("[]").rstrip(".").lower()


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _digests(keys: SecretStr | None) -> tuple[str, ...]:
    if keys is None:
        return ()
    return tuple(_digest(key.strip()) for key in keys.get_secret_value().split(",") if key.strip())


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
