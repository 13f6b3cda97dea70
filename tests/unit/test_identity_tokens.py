"""Access tokens: ours and whole and in time, or nobody."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from jagawarga.errors import Unauthenticated
from jagawarga.identity.messages import Principal
from jagawarga.identity.tokens import AUDIENCE, ISSUER, PURPOSE, Tokens
from jagawarga.plumbing.keys import Keyring

KEYS = Keyring({1: b"k" * 32})
SUBJECT, PSEUDONYM = "0b5c2f3e-7a4e-4b13-9a54-0b5c2f3e7a4e", "abcdef0123456789"


def tokens(at: float = 1_000.0, keys: Keyring = KEYS) -> Tokens:
    return Tokens(keys, 900, clock=lambda: at)


TOKEN = tokens().issue(SUBJECT, PSEUDONYM, "officer", "kebersihan").access_token


def forged(header: dict[str, object] | None = None, key: bytes | None = None, **claims: object) -> str:
    """A token of ours but for what is named."""
    inner = json.dumps([SUBJECT, PSEUDONYM, "citizen", None, None, None]).encode()
    good = {"iss": ISSUER, "aud": AUDIENCE, "iat": 1000, "exp": 1900, "sub": segment(KEYS.seal(PURPOSE, inner))}
    signing = OctKey.import_key(key or KEYS.signing_key(PURPOSE))
    head = {"alg": "HS256", "typ": "at+jwt", **(header or {})}
    kept = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode(head, kept, signing, algorithms=["HS256", "HS384", "HS512"])


def segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def test_a_token_stands_for_its_account() -> None:
    """What went in comes out, the officer's agency with it."""
    assert tokens().check(TOKEN) == Principal(SUBJECT, PSEUDONYM, "officer", "kebersihan")
    assert tokens().check(forged()).role == "citizen", "or the forgeries below prove nothing"


def test_a_token_tells_its_finder_nothing() -> None:
    """Neither subject nor pseudonym nor role can be read from it, and two for one account have nothing in common."""
    _, claims, _ = TOKEN.split(".")
    read = base64.urlsafe_b64decode(claims + "==")
    for secret in (SUBJECT, PSEUDONYM, "officer", "kebersihan"):
        assert secret.encode() not in read
        assert base64.b64encode(secret.encode())[:-4] not in read
    again = tokens().issue(SUBJECT, PSEUDONYM, "officer", "kebersihan").access_token
    assert json.loads(read)["sub"] != json.loads(base64.urlsafe_b64decode(again.split(".")[1] + "=="))["sub"]


NAKED = f"{segment(json.dumps({'alg': 'none'}).encode()).rstrip('=')}.{TOKEN.split('.')[1]}."


@pytest.mark.parametrize(("at", "good"), [(1_000.0, True), (1_899.0, True), (1_900.0, False), (9_999.0, False)])
def test_expiry(at: float, *, good: bool) -> None:
    """A token ends with its lifetime, to the second."""
    if good:
        tokens(at).check(TOKEN)
    else:
        with pytest.raises(Unauthenticated):
            tokens(at).check(TOKEN)


@pytest.mark.parametrize(
    "token",
    [
        forged(key=b"x" * 32),
        forged({"alg": "HS512"}),
        forged({"typ": "JWT"}),
        forged(iss="somebody"),
        forged(aud="something"),
        forged(exp=None),
        forged(exp="never"),
        forged(iat=1001),
        forged(iat=None),
        forged(sub=None),
        forged(sub="bm90IHNlYWxlZCBieSB1cw=="),
        forged(sub=17),
        NAKED,
        ".".join([*TOKEN.split(".")[:2], "A" * 43]),
        TOKEN + "A",
        TOKEN * 20,
    ],
)
def test_forgeries(token: str) -> None:
    """Another key, another algorithm, none at all, another purpose, a claim missing: nobody."""
    with pytest.raises(Unauthenticated):
        tokens().check(token)


def test_another_installations_token() -> None:
    """Keys of one installation open nothing in another."""
    with pytest.raises(Unauthenticated):
        tokens(keys=Keyring({1: b"o" * 32})).check(TOKEN)


def test_keys_may_rotate() -> None:
    """A token outlives the arrival of a new key."""
    assert tokens(keys=Keyring({1: b"k" * 32, 2: b"n" * 32})).check(TOKEN).subject == SUBJECT


HEADERS = st.one_of(
    st.binary(max_size=60),
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda each: st.lists(each) | st.dictionaries(
        st.sampled_from(["alg", "typ", "crit", "kid"]), each)).map(lambda each: json.dumps(each).encode()),
    st.integers(1, 1_400).map(lambda depth: b"[" * depth),
)  # fmt: skip


@given(HEADERS, st.binary(max_size=20))
def test_any_garbage_is_nobody(header: bytes, rest: bytes) -> None:
    """Whatever somebody sends as a token, the answer is 401 and never a crash."""
    with pytest.raises(Unauthenticated):
        tokens().check(f"{segment(header).rstrip('=')}.{segment(rest).rstrip('=')}.x")
    with pytest.raises(Unauthenticated):
        tokens().check(header.decode("latin-1"))
