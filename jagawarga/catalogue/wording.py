"""What categories are called and by which words they are known, beside their names. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.catalogue.messages import Category
    from jagawarga.suggestion.linear import LinearModel

OWN_LANGUAGE: Final = "id"
"""The language of categories' names."""
LANGUAGES: Final = (OWN_LANGUAGE, "en")


@dataclass(frozen=True, slots=True)
class Wording:
    """Names by category and language, keywords by category, and a trained model where there is one."""

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trained: LinearModel | None = None

    def named(self, category: Category, language: str) -> Category:
        """Give the category with its name in a language, or in its own where no other is known."""
        name = self.names.get(category.key, {}).get(language)
        return category if name is None else replace(category, name=name)

    def without_names(self, key: str) -> Wording:
        """Forget what a category is called in other languages: it has got another name."""
        return replace(self, names={other: names for other, names in self.names.items() if other != key})
