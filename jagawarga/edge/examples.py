"""Examples, by the name of their schema. All of it is invented: nobody knows of such a person or report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES: Final[Mapping[str, Any]] = {}
