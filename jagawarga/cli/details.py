"""Printing whatever keys an answer has, aligned: `inspect` and `reports`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def aligned(values: Mapping[str, Any]) -> Iterator[str]:
    """Give one line a key, names padded to the longest; nested values as JSON, nothing as a dash."""
    width = max((len(name) for name in values), default=0)
    for name, value in values.items():
        yield f"{name:<{width}}  {shown(value)}"


def shown(value: Any) -> str:
    """Show one value in one line."""
    if value is None or value in ({}, []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(str(value).split())
