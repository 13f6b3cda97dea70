"""What Web Push asks of cryptography: the application server's signature (RFC 8292) and the message's (RFC 8291)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from datetime import datetime

    from jagawarga.plumbing.keys import Keyring

CURVE: Final = ec.SECP256R1()
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RECORD: Final = 4096
"""Bytes of the one record a push service has to take (RFC 8291, 4)."""
OVERHEAD: Final = 86 + 17
POINT: Final = 65
AUTH: Final = 16
LIVES: Final = 12 * 3600
_HALF: Final = 32


def server_key(keyring: Keyring) -> ec.EllipticCurvePrivateKey:
    """The application server's key, the same at every start: browsers are subscribed to its public half.

    It is derived from the installation's keys, so that it lies where they lie and is backed up with them.
    """
    secret = int.from_bytes(keyring.signing_key("web push"))
    return ec.derive_private_key(secret % (ORDER - 1) + 1, CURVE)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half as an uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def base64url(data: bytes) -> str:
    """Without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def authorization(key: ec.EllipticCurvePrivateKey, origin: str, contact: str, now: datetime) -> str:
    """The header that tells the push service at `origin` who is sending."""
    claims = {"aud": origin, "exp": int(now.timestamp()) + LIVES, "sub": contact}
    parts = [base64url(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims)]
    signed = ".".join(parts)
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{base64url(r.to_bytes(_HALF) + s.to_bytes(_HALF))}"
    return f"vapid t={token}, k={base64url(point(key))}"


def check_point(p256dh: bytes) -> None:
    """Raise `ValueError` for what is no point of the curve."""
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)


def encrypt(
    plaintext: bytes, p256dh: bytes, auth: bytes, *, ephemeral: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """Encrypt for one browser, as one record of `aes128gcm` (RFC 8188); `ephemeral` and `salt` are new each time.

    Raises `ValueError` for a key that is none, and for more than a record holds.
    """
    if len(plaintext) > RECORD - OVERHEAD:
        msg = "too long for one record"
        raise ValueError(msg)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    ours = point(ephemeral)
    shared = ephemeral.exchange(ec.ECDH(), theirs)
    keying = _hkdf(auth, shared, b"WebPush: info\0" + p256dh + ours, 32)
    key = _hkdf(salt, keying, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, keying, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD.to_bytes(4) + len(ours).to_bytes(1) + ours
    return header + AESGCM(key).encrypt(nonce, plaintext + b"\x02", None)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
