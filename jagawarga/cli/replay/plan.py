"""What the server must know before the rows can be filed: agencies and categories, keys made from their names.

A category that several agencies answer for in the file becomes one category for each, since a category is routed to
one agency; so a report always reaches the agency the file names.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY_LIMIT = 64
NAME_LIMIT = 200
NO_CATEGORY = "Tanpa kategori"
TOP_KEY, TOP_NAME = "pemerintah-kota", "Pemerintah Kota"

Pair = tuple[str, str]
"""A category's and an agency's name, as the file has them; either may be empty."""


@dataclass(frozen=True, slots=True)
class NewAgency:
    """An agency to create."""

    key: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category to create, routed to `agency`."""

    key: str
    name: str
    agency: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The key each pair is filed under, and what has to be created first, in order."""

    keys: Mapping[Pair, str]
    agencies: tuple[NewAgency, ...]
    categories: tuple[NewCategory, ...]

    def agency_of(self, category: str) -> str | None:
        """Return the agency of a category this plan creates; of others only the server knows."""
        return next((each.agency for each in self.categories if each.key == category), None)


class UnknownParent(Exception):
    """The agency named as the parent of new ones does not exist."""


def make_plan(
    pairs: Iterable[Pair], agencies: Mapping[str, str | None], categories: Iterable[str], parent: str | None = None
) -> Plan:
    """Plan for these pairs, given the server's agencies (key to parent) and category keys.

    New agencies are put under `parent`, or under the highest authority, which is created where there is none.
    """
    pairs = sorted(set(pairs))
    top = _top(agencies, parent)
    new_agencies: dict[str, NewAgency] = {}
    if top not in agencies:
        new_agencies[top] = NewAgency(top, TOP_NAME, None)
    answering: dict[str, set[str]] = defaultdict(set)
    for category, agency in pairs:
        answering[category].add(agency)
    known = set(categories)
    keys: dict[Pair, str] = {}
    new_categories: dict[str, NewCategory] = {}
    for category, agency in pairs:
        agency_key = make_key(agency) if agency else top
        if agency_key not in agencies and agency_key not in new_agencies:
            new_agencies[agency_key] = NewAgency(agency_key, agency[:NAME_LIMIT], top)
        name = category or NO_CATEGORY
        shared = len(answering[category]) > 1
        key = make_key(f"{name} {agency or TOP_NAME}" if shared else name)
        keys[category, agency] = key
        if key not in known and key not in new_categories:
            shown = f"{name} · {agency or TOP_NAME}" if shared else name
            new_categories[key] = NewCategory(key, shown[:NAME_LIMIT], agency_key)
    return Plan(keys, tuple(new_agencies.values()), tuple(new_categories.values()))


def make_key(name: str) -> str:
    """Make a key of letters, digits and hyphens; a long name is cut and keeps apart by a digest of the whole."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if key and len(key) <= KEY_LIMIT:
        return key
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{key[: KEY_LIMIT - len(digest) - 1].rstrip('-')}-{digest}".lstrip("-")


def _top(agencies: Mapping[str, str | None], parent: str | None) -> str:
    if parent is not None:
        if parent not in agencies:
            raise UnknownParent(parent)
        return parent
    tops = sorted(key for key, above in agencies.items() if above is None)
    return tops[0] if tops else TOP_KEY
