"""Population numbers for citizens who do not exist: well formed, and of nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

DISTRICTS = tuple(f"3578{number:02}" for number in range(1, 32))
"""The kecamatan of Kota Surabaya."""
WOMEN = 40


def make_nik(rng: Random) -> str:
    """Return a valid NIK: district, day (plus 40 for women), month and year of birth, serial number."""
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(60, 99)
    day += WOMEN * rng.randint(0, 1)
    # High serials: real ones count up from 1 for each district and birthday and hardly pass a few dozen.
    return f"{rng.choice(DISTRICTS)}{day:02}{month:02}{year:02}{rng.randint(5000, 9999):04}"
