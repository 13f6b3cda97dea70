"""Access tokens: ours and whole and in time, or nobody."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey

from jagawarga.errors import Unauthenticated
from jagawarga.identity.messages import Principal
from jagawarga.identity.tokens import AUDIENCE, HEADER, ISSUER, PURPOSE, Tokens
from jagawarga.plumbing.keys import Keyring

KEYS = Keyring({1: b"k" * 32})
SUBJECT, PSEUDONYM = "0b5c2f3e-7a4e-4b13-9a54-0b5c2f3e7a4e", "abcdef0123456789"


def tokens(at: float = 1_000.0, keys: Keyring = KEYS) -> Tokens:
    return Tokens(keys, 900, clock=lambda: at)


TOKEN = tokens().issue(SUBJECT, PSEUDONYM, "officer", "kebersihan").access_token


def forged(header: dict[str, object] | None = None, key: bytes | None = None, **claims: object) -> str:
    """A token of ours but for what is named."""
    whose = [PSEUDONYM, "citizen", None, None, None]
    good = {"iss": ISSUER, "aud": AUDIENCE, "iat": 1000, "exp": 1900, "sub": SUBJECT, "whose": whose}
    kept = {name: value for name, value in {**good, **claims}.items() if value is not None}
    registry = JWERegistry(algorithms=["dir", "A256GCM", "A128GCM", "A256KW", "DEF"])
    secret = OctKey.import_key(key or KEYS.signing_key(PURPOSE))
    return jwt.encode({**HEADER, **(header or {})}, kept, secret, registry=registry)


def segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_token_stands_for_its_account() -> None:
    """What went in comes out, the officer's agency with it."""
    assert tokens().check(TOKEN) == Principal(SUBJECT, PSEUDONYM, "officer", "kebersihan")
    assert tokens().check(forged()).role == "citizen", "or the forgeries below prove nothing"


def test_a_token_tells_its_finder_nothing() -> None:
    """Neither subject nor pseudonym nor role can be read from it, and two for one account have nothing in common."""
    for part in TOKEN.split("."):
        read = base64.urlsafe_b64decode(part + "==")
        for secret in (SUBJECT, PSEUDONYM, "officer", "kebersihan"):
            assert secret.encode() not in read
            assert base64.b64encode(secret.encode())[:-4] not in read
    again = tokens().issue(SUBJECT, PSEUDONYM, "officer", "kebersihan").access_token
    header, *rest = TOKEN.split(".")
    other, *others = again.split(".")
    assert header == other
    assert not set(rest) & set(others) - {""}


def signed(**header: object) -> str:
    """A token that is only signed, with the key that seals ours."""
    secret = OctKey.import_key(KEYS.signing_key(PURPOSE))
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": 1000, "exp": 1900, "sub": SUBJECT, "whose": [PSEUDONYM, "citizen"]}
    return jwt.encode({"alg": "HS256", "typ": "at+jwt", **header}, claims, secret)


def changed(place: int, by: str) -> str:
    """Our token with one of its five parts as it should not be."""
    parts = TOKEN.split(".")
    parts[place] = by or parts[place][:-1] + ("A" if parts[place][-1:] != "A" else "Q")
    return ".".join(parts)


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
        forged({"enc": "A128GCM"}, key=b"x" * 16),
        forged({"alg": "A256KW"}),
        forged({"typ": "JWT"}),
        forged({"zip": "DEF"}),
        forged(iss="somebody"),
        forged(aud="something"),
        forged(exp=None),
        forged(exp="never"),
        forged(iat=1001),
        forged(iat=None),
        forged(sub=None),
        forged(whose=None),
        forged(whose=[PSEUDONYM, "citizen"]),
        forged(whose=17),
        signed(),
        changed(0, segment(b'{"alg":"none"}')),
        changed(1, "AAAA"),
        changed(2, ""),
        changed(3, ""),
        changed(4, ""),
        changed(3, TOKEN.split(".")[3] + "\n"),
        changed(4, "A" * 22),
        TOKEN + "A",
        TOKEN[:-3],
        TOKEN.rpartition(".")[0],
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
        tokens().check(f"{segment(header)}.{segment(rest)}.x")
    with pytest.raises(Unauthenticated):
        tokens().check(f"{TOKEN.split('.')[0]}..{segment(header)}.{segment(rest)}.{segment(header)}")
    with pytest.raises(Unauthenticated):
        tokens().check(header.decode("latin-1"))
