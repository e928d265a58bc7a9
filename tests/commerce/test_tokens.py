"""Identity tokens: only what the shop's site signed for this shop, for now, counts."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.orders import OrderDesk
from commerce.tokens import LEEWAY, LONGEST_LIFE, TokenVerifier, sign_token
from core.errors import RequestError, SettingsError
from core.shop import Shop
from tests.commerce.desk_data import write_shop

SECRET, OTHER = "s" * 32, "o" * 40
NOW = time.time
WRONG = "the identity token is not valid for this shop"


def token(secret: str = SECRET, algorithm: str = "HS256", headers: Any = None, **claims: Any) -> str:
    now = int(NOW())
    body = {"sub": "ann", "aud": "shop", "iat": now, "exp": now + 600, **claims}
    return jwt.encode({k: v for k, v in body.items() if v is not None}, secret, algorithm, headers)


def unsigned(**claims: Any) -> str:
    now = int(NOW())
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": "ann", "aud": "shop", "iat": now, "exp": now + 600, **claims})
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join(coded) + "."


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier([SECRET], "shop")


def test_who_is_signed_in_and_until_when(verifier: TokenVerifier):
    claims = verifier.verify(sign_token(SECRET, "ann", "shop", seconds=60, token_id="t-1"))
    assert (claims.customer_id, claims.token_id) == ("ann", "t-1")
    assert 0 < claims.expires - NOW() <= 60


FORGED = {
    "no algorithm": lambda: unsigned(),
    "no algorithm, any case": lambda: unsigned().replace(
        unsigned().split(".")[0], base64.urlsafe_b64encode(b'{"alg":"nOnE"}').rstrip(b"=").decode()
    ),
    "an other secret": lambda: token(OTHER),
    "an other algorithm of the same secret": lambda: token("x" * 64, "HS512"),
    "HS384 with the right secret": lambda: token(SECRET + SECRET, "HS384"),
    "an other shop": lambda: token(aud="shop2"),
    "several shops": lambda: token(aud=["shop", "shop2"]),
    "no shop": lambda: token(aud=None),
    "no customer": lambda: token(sub=None),
    "an empty customer": lambda: token(sub="  "),
    "a long customer": lambda: token(sub="x" * 300),
    "no end": lambda: token(exp=None),
    "no beginning": lambda: token(iat=None),
    "made in the future": lambda: token(iat=int(NOW() + 600)),
    "not yet good": lambda: token(nbf=int(NOW() + 600)),
    "too long a life": lambda: token(exp=int(NOW() + LONGEST_LIFE + LEEWAY + 60)),
    "an endless life": lambda: token(exp=10**18),
    "an infinite life": lambda: token(exp=float("inf")),
    "a key of its own": lambda: token(OTHER, headers={"jwk": {"kty": "oct", "k": "b29v"}}),
    "a key id": lambda: token(OTHER, headers={"kid": "../../dev/null"}),
    "too long": lambda: token(extra="x" * 5000),
    "a number as id": lambda: token(jti="x" * 300),
    "no token": lambda: "hello",
    "empty": lambda: "",
    "other letters": lambda: "日本.日本.日本",
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED, ids=str)
def test_a_forged_token_is_refused_without_saying_why(forged: str, verifier: TokenVerifier):
    with pytest.raises(RequestError) as refused:
        verifier.verify(FORGED[forged]())
    assert (str(refused.value), refused.value.code, refused.value.status) == (WRONG, "identity_token_invalid", 401)


def test_a_changed_token_is_refused(verifier: TokenVerifier):
    head, body, mark = token().split(".")
    other = unsigned(sub="bob").split(".")[1]
    for changed in (f"{head}.{other}.{mark}", f"{head}.{body}.{mark[::-1]}", f"{head}.{body}."):
        with pytest.raises(RequestError):
            verifier.verify(changed)


@given(st.text(max_size=200))
def test_nothing_else_is_a_token(text: str):
    with pytest.raises(RequestError):
        TokenVerifier([SECRET], "shop").verify(text)


def test_an_expired_token_says_so(verifier: TokenVerifier):
    with pytest.raises(RequestError) as refused:
        verifier.verify(token(exp=int(NOW() - LEEWAY - 5)))
    assert refused.value.code == "identity_token_expired"


def test_an_expired_token_of_somebody_else_does_not(verifier: TokenVerifier):
    with pytest.raises(RequestError) as refused:
        verifier.verify(token(OTHER, exp=int(NOW() - 3600)))
    assert refused.value.code == "identity_token_invalid"


def test_secrets_are_replaced_without_a_gap():
    both = TokenVerifier([OTHER, SECRET], "shop")
    assert both.verify(token(SECRET)).customer_id == both.verify(token(OTHER)).customer_id == "ann"
    with pytest.raises(RequestError):
        TokenVerifier([OTHER], "shop").verify(token(SECRET))


@pytest.mark.parametrize("secrets", [[], ["x" * 31], [SECRET, "short"]])
def test_short_secrets_are_refused_and_not_repeated(secrets: list[str]):
    with pytest.raises(SettingsError, match="FLOORWALKER_IDENTITY_SECRET") as refused:
        TokenVerifier(secrets, "shop")
    assert not any(secret in str(refused.value) for secret in secrets)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return write_shop(tmp_path).model_copy(update={"slug": "shop"})


@pytest.fixture
def desk(shop: Shop, tmp_path: Path) -> Iterator[OrderDesk]:
    desk = OrderDesk.open(shop, tmp_path / "data", secrets=[SECRET])
    yield desk
    desk.close()


def test_a_token_opens_the_customers_own_orders_and_ends_with_it(desk: OrderDesk):
    identity = desk.verify_token(token(exp=int(NOW() + 100)), session="one")
    assert identity.customer_id == "ann"
    assert {order.customer_id for order in desk.orders_of(identity)} == {"ann"}
    assert identity.expires < NOW() + 101
    with pytest.raises(Exception, match="no order"):
        desk.order(identity, "FW-5")


@pytest.mark.parametrize("customer", ["nobody", "ANN", "ann ' OR 1=1", "x\x00y"])
def test_an_unknown_customer_is_nobody(customer: str, desk: OrderDesk):
    with pytest.raises(RequestError, match=WRONG):
        desk.verify_token(token(sub=customer), session="one")


def test_a_token_with_an_id_holds_in_one_session(desk: OrderDesk, shop: Shop, tmp_path: Path):
    once = token(jti="t-1")
    assert desk.verify_token(once, session="one") == desk.verify_token(once, session="one")
    with pytest.raises(RequestError, match=WRONG):
        desk.verify_token(once, session="two")
    with pytest.raises(RequestError, match=WRONG):
        desk.verify_token(token(jti="t-1", sub="bob"), session="two")
    again = OrderDesk.open(shop, tmp_path / "data", secrets=[SECRET])
    with pytest.raises(RequestError, match=WRONG):
        again.verify_token(once, session="two")
    again.close()
    assert desk.verify_token(token(), session="two").customer_id == "ann", "without an id it holds in any session"


def test_where_none_are_taken_the_engineer_is_told(shop: Shop, tmp_path: Path):
    for settings, secrets in (({"identity": ["order_email"]}, [SECRET]), ({}, [])):
        desk = OrderDesk.open(shop.model_copy(update=settings), tmp_path / "data", secrets=secrets)
        with pytest.raises(RequestError) as refused:
            desk.verify_token(token(), session="one")
        assert (refused.value.code, refused.value.status) == ("identity_token_unsupported", 400)
        desk.close()


def test_what_is_known_of_a_token_on_disk_is_a_digest(desk: OrderDesk, tmp_path: Path):
    desk.verify_token(token(jti="secret-id"), session="session-key")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("attempts.db*"))
    assert b"secret-id" not in kept
    assert b"session-key" not in kept
