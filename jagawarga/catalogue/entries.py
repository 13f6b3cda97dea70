"""Tables of a TOML file, taken apart field by field; what is wrong is one line that names file, entry and field."""

from __future__ import annotations

import math
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jagawarga.errors import Invalid, StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

HOUR: Final = 3600.0
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Entry:
    """One `[[kind]]` table of a file: takes its fields out one by one, and complains by its name."""

    def __init__(self, file: str, kind: str, number: int, fields: Any) -> None:
        self.file = file
        self.label = f"{kind} number {number}"
        if not isinstance(fields, dict):
            self.wrong("expected a table")
        self.fields: dict[str, Any] = dict(fields)
        if isinstance(fields.get("key"), str):
            self.label = f"{kind} {fields['key']}"

    def wrong(self, what: str) -> NoReturn:
        """Refuse the entry."""
        refuse(self.file, self.label, what)

    def has(self, field: str) -> bool:
        """Whether the field is there and was not taken yet."""
        return field in self.fields

    def key(self) -> str:
        """What the entry is called; it goes by the rule for keys."""
        value = self.text("key")
        if not _KEY.fullmatch(value):
            self.wrong(f"key: expected at most 64 letters, digits, hyphens, dots and underscores, got {value!r}")
        return value

    def choice(self, field: str, known: Sequence[str], otherwise: str) -> str:
        """One of a few words, or the one that goes without saying."""
        value = self.text(field) if self.has(field) else otherwise
        if value not in known:
            self.wrong(f"{field}: expected one of {', '.join(known)}, got {value!r}")
        return value

    def text(self, field: str) -> str:
        """A text."""
        value = self.take(field)
        if not isinstance(value, str):
            self.wrong(f"{field}: expected a text, got {value!r}")
        return value

    def hours(self, field: str) -> tuple[float, ...]:
        """Hours for each level, given in seconds."""
        value = self.take(field)
        if not (isinstance(value, list) and value and all(is_number(each) and each > 0 for each in value)):
            self.wrong(f"{field}: expected a list of hours above 0, got {value!r}")
        return tuple(each * HOUR for each in value)

    def texts(self, field: str) -> tuple[str, ...]:
        """Texts with something in them."""
        value = self.take(field)
        if not (isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)):
            self.wrong(f"{field}: expected a list of texts, got {value!r}")
        return tuple(value)

    def end(self) -> None:
        """Refuse fields nobody took: a slip of the pen must not pass in silence."""
        if self.fields:
            self.wrong(f"unknown field {min(self.fields)}")

    def check(self, check: Callable[[Any], None], value: object) -> None:
        """Refuse what `check` finds invalid."""
        try:
            check(value)
        except Invalid as error:
            self.wrong(error.detail)

    def first(self, found: Mapping[str, object], key: str) -> None:
        """Refuse a key that is there already."""
        if key in found:
            self.wrong("the key is there twice")

    def take(self, field: str) -> Any:
        """The field as it is, once."""
        if field not in self.fields:
            self.wrong(f"{field} is missing")
        return self.fields.pop(field)


def is_number(value: object) -> bool:
    """Whether a value of TOML is a number, and a finite one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read(path: Path) -> str:
    """The text of a file. Raises `StartupError`."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path}: can not be read ({error.strerror})"
        raise StartupError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8"
        raise StartupError(msg) from error


def tables(
    file: str, texts: Mapping[str, str], kinds: tuple[str, ...], *, may_be_empty: bool = False
) -> dict[str, list[Entry]]:
    """The entries of a file by kind, in order. Raises `StartupError`."""
    try:
        document = tomllib.loads(texts[file])
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: not TOML: {error}"
        raise StartupError(msg) from error
    if strange := sorted(document.keys() - set(kinds)):
        refuse(file, strange[0], f"expected only {' and '.join(f'[[{kind}]]' for kind in kinds)}")
    found = {}
    for kind in kinds:
        entries = document.get(kind, [])
        if not isinstance(entries, list) or not (entries or may_be_empty):
            refuse(file, kind, f"expected one or more [[{kind}]]")
        found[kind] = [Entry(file, kind, number, fields) for number, fields in enumerate(entries, 1)]
    return found


def refuse(file: str, entry: str, what: str) -> NoReturn:
    """Refuse an entry of a file with one line."""
    msg = f"{file}: {entry}: {what}"
    raise StartupError(msg)
