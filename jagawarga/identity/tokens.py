"""Access tokens: sealed, short-lived, and saying nothing to whoever finds one.

JWT (RFC 7519) as JWE (RFC 7516) with `dir` and `A256GCM` under a key of this installation: what it says can be neither
read nor changed without that key, so a token that leaks does not tell whose it is; opening one touches no disk. A
citizen's own data are in there as well: the anonymizer needs them to cut them from a text, also while the database is
away.
"""

from __future__ import annotations

import time
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from pydantic_core import from_json

from jagawarga.errors import Unauthenticated
from jagawarga.identity.messages import PersonalFacts, Principal, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.messages import Role
    from jagawarga.plumbing.keys import Keyring

HEADER: Final = {"alg": "dir", "enc": "A256GCM", "typ": "at+jwt"}
ALGORITHMS: Final = ("dir", "A256GCM")
ISSUER: Final = "jagawarga"
AUDIENCE: Final = "jagawarga-api"
PURPOSE: Final = "sealed-access-token"
WHOSE: Final = "whose"
"""The private claim: pseudonym, role, agency, facts, session."""
LONGEST: Final = 6_000
REFUSED: Final = "the access token is not valid"
_FROM_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
_PADDING: Final = (b"", b"===", b"==", b"=")


class Tokens:
    """Issues and checks access tokens."""

    def __init__(self, keyring: Keyring, lifetime: int, clock: Callable[[], float] = time.time) -> None:
        self.keyring = keyring
        self.lifetime = lifetime
        self.clock = clock
        secret = keyring.signing_key(PURPOSE)
        self._cipher = AESGCM(secret)
        self._key = OctKey.import_key(secret)
        self._registry = JWERegistry(algorithms=list(ALGORITHMS))
        self._header = self._encoded({}).partition(".")[0].encode("ascii")

    def issue(
        self,
        subject: str,
        pseudonym: str,
        role: Role,
        agency: str | None,
        facts: PersonalFacts | None = None,
        *,
        session: str | None = None,
    ) -> Session:
        """Make a token for an account."""
        now = int(self.clock())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + self.lifetime,
            "sub": subject,
            WHOSE: [pseudonym, role, agency, facts, session],
        }
        return Session(self._encoded(claims), self.lifetime, role, agency)

    def _encoded(self, claims: dict[str, Any]) -> str:
        return jwt.encode(HEADER, claims, self._key, registry=self._registry)

    def _opened(self, token: str) -> Any:
        """Give the claims of a token that we made; `ValueError` or `InvalidTag` for another.

        We alone make them, so there is one header that can be right, to the letter: no algorithm is read from it.
        """
        header, encrypted_key, nonce, text, tag = token.encode("ascii").split(b".")
        if header != self._header or encrypted_key:
            msg = "not a token of ours"
            raise ValueError(msg)
        return from_json(self._cipher.decrypt(_decoded(nonce), _decoded(text) + _decoded(tag), header))

    def check(self, token: str) -> Principal:
        """Give whom the token stands for; `Unauthenticated` when it is not ours, not whole or not valid any more."""
        if len(token) > LONGEST:
            raise Unauthenticated(REFUSED)
        try:
            claims = self._opened(token)
            if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
                raise Unauthenticated(REFUSED)
            if not claims["iat"] <= int(self.clock()) < claims["exp"]:
                raise Unauthenticated(REFUSED)
            pseudonym, role, agency, facts, session = claims[WHOSE]
            known = None if facts is None else PersonalFacts(*facts)
            return Principal(claims["sub"], pseudonym, role, agency, known, session)
        except (InvalidTag, ValueError, KeyError, TypeError):
            raise Unauthenticated(REFUSED) from None


def _decoded(part: bytes) -> bytes:
    """Read base64url without padding (RFC 7515 §2); `ValueError` for anything else."""
    return a2b_base64(part.translate(_FROM_URLSAFE) + _PADDING[len(part) % 4], strict_mode=True)
