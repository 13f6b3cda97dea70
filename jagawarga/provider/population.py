"""The people a simulated provider knows, and what it says of a claim. Pure, but for reading the file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import lokal

from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Population:
    """`people` maps NIK to name; a NIK that is neither there nor denied is confirmed when it is well-formed.

    So the invented citizens of a trial need no entry, and one with an entry must give the name that stands there.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()

    def confirms(self, nik: str, name: str, birth_date: str | None) -> bool:
        """Whether such a person exists, for all this provider knows."""
        if nik in self.denied:
            return False
        info = lokal.parse_nik(nik)
        if not info.valid or info.birth_date != birth_date:
            return False
        known = self.people.get(nik)
        return known is None or _spelt(known) == _spelt(name)


def load_population(path: Path) -> Population:
    """Read a file of `[[person]]` tables and a list `denied`; `StartupError` for a wrong one."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        people = {str(each["nik"]): str(each["name"]) for each in read.get("person", [])}
        return Population(people, frozenset(map(str, read.get("denied", []))))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        msg = f"can not read {path}: {type(error).__name__} {error}"
        raise StartupError(msg) from None


def _spelt(name: str) -> str:
    return " ".join(name.casefold().split())
