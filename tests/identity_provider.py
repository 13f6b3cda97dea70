"""A provider in memory for tests of identity, held to the contract by `test_identity_provider.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.errors import Unavailable
from jagawarga.provider.population import Population

if TYPE_CHECKING:
    from jagawarga.identity.provider import Claim


class Register:
    """Confirms what its population confirms; `away` as long as that is set."""

    def __init__(self, population: Population | None = None) -> None:
        self.population = population or Population()
        self.away = False
        self.asked = 0

    async def confirm(self, claim: Claim) -> bool:
        self.asked += 1
        if self.away:
            raise Unavailable("the provider is away")
        return self.population.confirms(claim.nik, claim.name, claim.birth_date)
