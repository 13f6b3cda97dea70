"""Access tokens: signed, short-lived, and saying nothing to whoever finds one.

JWT (RFC 7519) signed with HS256 under a key of this installation. Who it is for is sealed as one opaque claim, so a
token that leaks does not tell whose it is; verifying one touches no disk. A citizen's own data are sealed in there as
well: the anonymizer needs them to cut them from a text, also while the database is away.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import astuple
from typing import TYPE_CHECKING, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from jagawarga.errors import Corrupt, Unauthenticated
from jagawarga.identity.messages import PersonalFacts, Principal, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.messages import Role
    from jagawarga.plumbing.keys import Keyring

ALGORITHM: Final = "HS256"
ISSUER: Final = "jagawarga"
AUDIENCE: Final = "jagawarga-api"
PURPOSE: Final = "access-token"
LONGEST: Final = 6_000


class Tokens:
    """Issues and checks access tokens."""

    def __init__(self, keyring: Keyring, lifetime: int, clock: Callable[[], float] = time.time) -> None:
        self.keyring = keyring
        self.lifetime = lifetime
        self.clock = clock
        self._key = OctKey.import_key(keyring.signing_key(PURPOSE))
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(self.clock()),
            leeway=0,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )

    def issue(
        self, subject: str, pseudonym: str, role: Role, agency: str | None, facts: PersonalFacts | None = None
    ) -> Session:
        """Sign a token for an account."""
        now = int(self.clock())
        inner = json.dumps([subject, pseudonym, role, agency, None if facts is None else astuple(facts)]).encode()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + self.lifetime,
            "sub": base64.urlsafe_b64encode(self.keyring.seal(PURPOSE, inner)).decode(),
        }
        token = jwt.encode({"alg": ALGORITHM, "typ": "at+jwt"}, claims, self._key, algorithms=[ALGORITHM])
        return Session(token, self.lifetime, role, agency)

    def check(self, token: str) -> Principal:
        """Give whom the token stands for; `Unauthenticated` when it is not ours, not whole or not valid any more."""
        refused = Unauthenticated("the access token is not valid")
        if len(token) > LONGEST:
            raise refused
        try:
            read = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            if read.header.get("typ") != "at+jwt":
                raise refused
            self._claims.validate(read.claims)
            inner = self.keyring.unseal(PURPOSE, base64.urlsafe_b64decode(read.claims["sub"]))
            subject, pseudonym, role, agency, facts = json.loads(inner)
            known = None if facts is None else PersonalFacts(*facts)
        except (JoseError, Corrupt, ValueError, KeyError, TypeError):
            raise refused from None
        return Principal(subject, pseudonym, role, agency, known)
