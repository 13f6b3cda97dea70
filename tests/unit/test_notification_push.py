"""Web Push's cryptography against the RFCs, and the policy of endpoints."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from jagawarga.notification.endpoints import Refused, resolve, target
from jagawarga.notification.plan import Outcome
from jagawarga.notification.pusher import together
from jagawarga.notification.vapid import CURVE, authorization, base64url, encrypt, point, server_key
from jagawarga.plumbing.keys import Keyring


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_example_of_rfc_8291() -> None:
    """The example in its section 5, to the last bit."""
    ephemeral = ec.derive_private_key(int.from_bytes(b64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), CURVE)
    made = encrypt(
        b"When I grow up, I want to be a watermelon",
        b64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        b64("BTBZMqHH6r4Tts7J_aSIgg"),
        ephemeral=ephemeral,
        salt=b64("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert base64url(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_record_is_never_longer_than_a_push_service_takes() -> None:
    """What fills it is 4096 bytes; one more is refused."""
    key = ec.generate_private_key(CURVE)
    longest = b"x" * 3993
    assert len(encrypt(longest, point(key), b"a" * 16, ephemeral=key, salt=b"s" * 16)) == 4096
    with pytest.raises(ValueError, match="too long"):
        encrypt(longest + b"x", point(key), b"a" * 16, ephemeral=key, salt=b"s" * 16)


def test_the_signature_is_that_of_the_public_key() -> None:
    """RFC 8292: audience, end and contact, signed by the key that is named beside it."""
    key = server_key(Keyring({1: b"k" * 32}))
    now = datetime(2026, 11, 23, tzinfo=UTC)
    scheme, t, k = authorization(key, "https://push.example.net", "https://kota.test", now).split(" ")
    assert (scheme, k) == ("vapid", f"k={base64url(point(key))}")
    head, claims, signature = t.removeprefix("t=").removesuffix(",").split(".")
    assert json.loads(b64(head)) == {"typ": "JWT", "alg": "ES256"}
    said = {"aud": "https://push.example.net", "exp": int(now.timestamp()) + 43200, "sub": "https://kota.test"}
    assert json.loads(b64(claims)) == said
    r, s = b64(signature)[:32], b64(signature)[32:]
    der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))


def test_the_key_outlives_restarts_and_rotation() -> None:
    """Browsers are subscribed to it; another installation has another."""
    one = point(server_key(Keyring({1: b"k" * 32})))
    assert point(server_key(Keyring({1: b"k" * 32, 2: b"n" * 32}))) == one
    assert point(server_key(Keyring({1: b"n" * 32}))) != one


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.net/x",
        "ftp://push.example.net/x",
        "https://push.example.net:8443/x",
        "https://user@push.example.net/x",
        "https://user:pass@push.example.net/",
        "https://127.0.0.1/x",
        "https://10.0.0.8/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0.0.0.0/",
        "https://push.example.net/#fragment",
        "https:///x",
        "https://push.example.net/a b",
        "https://push.example.net:x/",
        "https://push.example.net/\n",
        "https://push.example.net/" + "x" * 1100,
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_we_do_not_post_to(endpoint: str) -> None:
    """Neither inside our own network, nor anywhere but https on its own port."""
    with pytest.raises(Refused):
        target(endpoint, private=False)


def test_an_address_we_post_to() -> None:
    """It is taken apart, with its origin as a signature's audience wants it."""
    where = target("https://push.example.net/wpush/v2/a?b=c", private=False)
    assert (where.host, where.port, where.path, where.origin) == (
        "push.example.net", 443, "/wpush/v2/a?b=c", "https://push.example.net")  # fmt: skip
    assert target("http://localhost:90/", private=True).origin == "http://localhost:90"


class Names(trio.abc.HostnameResolver):
    """A name service that says what it is told."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):  # type: ignore[no-untyped-def]  # noqa: A002, PLR0917 - the socket's own
        return [(2, 1, 6, "", (each, port)) for each in self.addresses]

    async def getnameinfo(self, sockaddr, flags):  # type: ignore[no-untyped-def]
        raise NotImplementedError


@pytest.mark.parametrize("addresses", [("10.1.2.3",), ("93.184.215.14", "127.0.0.1"), ("::1",), ("169.254.169.254",)])
async def test_a_name_that_leads_inside_is_refused_when_it_is_used(addresses: tuple[str, ...]) -> None:
    """A public name may mean our own network by then: any such address of it is one too many."""
    trio.socket.set_custom_hostname_resolver(Names(*addresses))
    with pytest.raises(Refused):
        await resolve(target("https://push.example.net/", private=False), private=False)


async def test_the_address_that_was_looked_at_is_the_one_used() -> None:
    """A second look could give another."""
    trio.socket.set_custom_hostname_resolver(Names("93.184.215.14"))
    assert await resolve(target("https://push.example.net/", private=False), private=False) == "93.184.215.14"


@pytest.mark.parametrize(
    ("fates", "whole"),
    [
        (["sent", "again"], "sent"),
        (["failed", "sent"], "sent"),
        (["again", "unknown"], "unknown"),
        (["failed", "again"], "again"),
        (["failed", "failed"], "failed"),
        ([], "failed"),
    ],
)
def test_many_browsers_are_one_message(fates: list[str], whole: str) -> None:
    """What one took, or may have taken, is not sent again for another's sake."""
    assert together([Outcome(each) for each in fates]).fate == whole  # type: ignore[arg-type]
