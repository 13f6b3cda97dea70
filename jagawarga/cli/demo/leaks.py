"""Looking for a person's data in raw files: the database's pages and log, the bus's files, everything."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def find_leaks(directory: Path, secrets: Mapping[str, Iterable[str]]) -> tuple[dict[str, list[str]], int]:
    """Return for each kind of secret the files that hold it, in UTF-8 or UTF-16, and the number of bytes read.

    Upper and lower case are the same here. A file that vanishes meanwhile is passed over.
    """
    patterns = {kind: _pattern(values) for kind, values in secrets.items()}
    found: dict[str, list[str]] = {}
    size = 0
    for path in sorted(directory.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                if (length := file.seek(0, 2)) == 0:
                    continue
                size += length
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    for kind, pattern in patterns.items():
                        if pattern.search(data):
                            found.setdefault(kind, []).append(str(path.relative_to(directory)))
        except (FileNotFoundError, ValueError):
            continue
    return found, size


def _pattern(values: Iterable[str]) -> re.Pattern[bytes]:
    forms = [value.encode(coding) for value in values for coding in ("utf-8", "utf-16-le")]
    return re.compile(b"|".join(re.escape(form) for form in forms), re.IGNORECASE)
