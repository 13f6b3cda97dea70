"""Keys: sealing, digests and signing, each purpose with a key of its own, each key with a version.

Keys lie apart from the data, one file a version, readable by their owner only. A sealed value begins with the version
that sealed it, so keys rotate by adding a file; old values stay readable as long as their key is there.
"""

from __future__ import annotations

import os
import re
import secrets
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jagawarga.errors import Corrupt, StartupError
from jagawarga.plumbing.randomness import random_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES = 32
NONCE_BYTES = 12
_BLOCK = 64
_FILE = re.compile(r"master-(\d{1,3})\.key")


class Keyring:
    """All keys of one installation. Methods raise nothing but what they say, and are safe in any thread."""

    def __init__(self, masters: dict[int, bytes]) -> None:
        self._masters = masters
        self._newest = max(masters)
        # Digests and signatures must not change when sealing keys rotate: they always use the oldest.
        self._oldest = min(masters)
        self._derive = lru_cache(maxsize=256)(self._derived)
        self._cipher = lru_cache(maxsize=256)(self._made_cipher)
        self._mac = lru_cache(maxsize=256)(self._made_mac)

    @classmethod
    def load(cls, directory: Path) -> Keyring:
        """Read the keys in `directory`, making the first one where there is none.

        Raises `StartupError` for a key file that is damaged or open to others.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            masters = _masters(directory)
            if not masters:
                masters[1] = secrets.token_bytes(KEY_BYTES)
                _write(directory / "master-1.key", masters[1])
        except OSError as error:
            msg = f"can not read the keys in {directory}: {error.strerror}"
            raise StartupError(msg) from error
        return cls(masters)

    @classmethod
    def existing(cls, directory: Path) -> Keyring:
        """Read the keys in `directory`, making none.

        Raises `StartupError` where there is none, and as `load` does.
        """
        try:
            masters = _masters(directory)
        except OSError as error:
            msg = f"can not read the keys in {directory}: {error.strerror}"
            raise StartupError(msg) from error
        if not masters:
            msg = f"there are no keys in {directory}"
            raise StartupError(msg)
        return cls(masters)

    @property
    def masters(self) -> dict[int, bytes]:
        """The keys themselves by version, for a key file; whoever has them reads everything."""
        return dict(self._masters)

    @property
    def newest(self) -> int:
        """The version that seals."""
        return self._newest

    def save(self, directory: Path) -> None:
        """Write all keys into a directory that has none."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for version, key in self._masters.items():
            _write(directory / f"master-{version}.key", key)

    def seal(self, purpose: str, plaintext: bytes, aad: bytes = b"") -> bytes:
        """Encrypt and authenticate (AES-256-GCM, random nonce); `aad` is authenticated with it but not contained."""
        nonce = random_bytes(NONCE_BYTES)
        return bytes([self._newest]) + nonce + self._cipher(purpose, self._newest).encrypt(nonce, plaintext, aad)

    def unseal(self, purpose: str, sealed: bytes, aad: bytes = b"") -> bytes:
        """Decrypt; `Corrupt` when value, purpose or `aad` are not those it was sealed with."""
        if len(sealed) <= NONCE_BYTES + 1 or sealed[0] not in self._masters:
            msg = f"a sealed {purpose} value has no known key"
            raise Corrupt(msg)
        try:
            return self._cipher(purpose, sealed[0]).decrypt(sealed[1 : NONCE_BYTES + 1], sealed[NONCE_BYTES + 1 :], aad)
        except InvalidTag:
            msg = f"a sealed {purpose} value does not open"
            raise Corrupt(msg) from None

    def digest(self, purpose: str, data: bytes) -> bytes:
        """Give a keyed digest of 32 bytes (HMAC-SHA-256, RFC 2104)."""
        return self._mac(purpose)(data)

    def signing_key(self, purpose: str) -> bytes:
        """Give 32 secret bytes for a signature scheme."""
        return self._derive(purpose, self._oldest)

    def fingerprints(self) -> dict[int, str]:
        """What tells the keys from others, by version; whoever has these is no nearer to the keys."""
        return {version: hmac_sha256(self._derive("fingerprint", version))(b"").hex() for version in self._masters}

    def _made_mac(self, purpose: str) -> Callable[[bytes], bytes]:
        return hmac_sha256(self._derive(purpose, self._oldest))

    def _made_cipher(self, purpose: str, version: int) -> AESGCM:
        return AESGCM(self._derive(purpose, version))

    def _derived(self, purpose: str, version: int) -> bytes:
        info = f"jagawarga:{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._masters[version])


def hmac_sha256(key: bytes) -> Callable[[bytes], bytes]:
    """Give the function that authenticates bytes under `key` (HMAC-SHA-256, RFC 2104), the key's part done once.

    Not `hmac.digest`: it gives up the interpreter's lock, and waits milliseconds for it behind the other thread. And
    `hmac.new` begins with the key each time, which takes as long as all the rest.
    """
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner = sha256(bytes(each ^ 0x36 for each in block))
    outer = sha256(bytes(each ^ 0x5C for each in block))

    def authenticate(data: bytes) -> bytes:
        within = inner.copy()
        within.update(data)
        around = outer.copy()
        around.update(within.digest())
        return around.digest()

    return authenticate


def _masters(directory: Path) -> dict[int, bytes]:
    named = ((_FILE.fullmatch(path.name), path) for path in sorted(directory.iterdir()))
    return {int(match[1]): _read(path) for match, path in named if match}


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        msg = f"the key file {path} is open to others: chmod 600 it"
        raise StartupError(msg)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        msg = f"the key file {path} is damaged: {len(key)} bytes instead of {KEY_BYTES}"
        raise StartupError(msg)
    return key


def _write(path: Path, key: bytes) -> None:
    """Write a key so that it is whole or not there, and on disk before anything is sealed with it."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, key)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
