"""Every SQL statement of a package, found where it stands: in its `.sql` files and in its Python.

Nobody registers a statement. A string that begins like one is one, and whatever is given to a connection's methods has
to be a text that can be read here; a text that comes from elsewhere is an error unless it is listed with its reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jagawarga.plumbing.migrate import split

TAKES_SQL: Final = frozenset({
    "execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "cursor", "prepare", "copy_from_query",
    "_once",
})  # fmt: skip
"""Methods whose first argument is a statement, and functions whose second one is."""
NO_DATABASE: Final = frozenset({"bus", "subscription"})
"""Receivers that have a method of such a name and are no connection."""
_BEGINS: Final = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|MERGE|UPSERT|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|LOCK TABLE|SET|SHOW"
    r"|COPY|LISTEN|NOTIFY|UNLISTEN|DO|CALL|DECLARE|FETCH|VACUUM|ANALYZE|REINDEX|CLUSTER|COMMENT ON|REFRESH|BEGIN|COMMIT"
    r"|ROLLBACK|SAVEPOINT|PREPARE|EXECUTE|EXPLAIN|VALUES|IMPORT|REASSIGN|DISCARD)\b(?!:)(?!\s+$)"
)
_STAND_IN: Final = "x"
"""What a part of an f-string that is known only when it runs is read as: a name, or the inside of a literal."""


@dataclass(frozen=True, slots=True)
class Found:
    """A statement and where it stands: file in the package, the query's name or the line, and the context it is of."""

    text: str
    file: str
    place: str

    @property
    def context(self) -> str:
        """The room of the package: `reports`, `plumbing`…"""
        return self.file.partition("/")[0]

    @property
    def is_migration(self) -> bool:
        """Whether it is of a numbered file: run by itself, outside of any transaction."""
        return re.search(r"/sql/\d{4}_(pre|post)_\w+\.sql$", self.file) is not None

    def __str__(self) -> str:
        return f"{self.file} {self.place}"


class Unreadable(Exception):
    """A connection is given a statement that can not be read where it is given."""


def statements(root: Path, passed_on: Mapping[str, str]) -> Iterator[Found]:
    """All statements below `root`; `passed_on` names the functions (`file:function`) that hand on one they were given."""
    for path in sorted(root.rglob("*.sql")):
        file = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        for number, statement in enumerate(_of_file(text), 1):
            yield Found(statement, file, f"statement {number}")
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root).as_posix()
        for place, statement in _Module(path.read_text(encoding="utf-8"), file, passed_on).statements():
            yield Found(statement, file, place)


def _of_file(text: str) -> Iterator[str]:
    # A file of queries is read by name, and a name's text is what is run; a migration is cut as it is when applied.
    parts = re.split(r"^-- name: \w+\n", text, flags=re.MULTILINE)
    yield from parts[1:] if len(parts) > 1 else split(text)


class _Module:
    """One module's statements."""

    def __init__(self, text: str, file: str, passed_on: Mapping[str, str]) -> None:
        self.tree = ast.parse(text)
        self.file = file
        self.passed_on = passed_on
        self.constants = {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and node.value is not None
        }

    def statements(self) -> Iterator[tuple[str, str]]:
        """Place and text of each."""
        seen: set[int] = set()
        for function, node in _walk(self.tree, "module"):
            if isinstance(node, ast.Call) and _takes_sql(node):
                for argument in node.args[1:2] if isinstance(node.func, ast.Name) else node.args[:1]:
                    yield from self._argument(argument, function, seen)
        prose = _docstrings(self.tree)
        for _, node in _walk(self.tree, "module"):
            text = self._text(node) if isinstance(node, ast.Constant | ast.JoinedStr) else None
            if text is not None and id(node) not in seen | prose and _BEGINS.match(text):
                # The pieces of an f-string are nodes as well.
                seen |= {id(each) for each in ast.walk(node)}
                yield f"line {getattr(node, 'lineno', 0)}", text

    def _argument(self, node: ast.expr, function: str, seen: set[int]) -> Iterator[tuple[str, str]]:
        source = self.constants.get(node.id, node) if isinstance(node, ast.Name) else node
        if isinstance(source, ast.Subscript) and ast.unparse(source.value) == "SQL":
            return  # by name, from a .sql file that is read by itself
        text = self._text(source)
        if text is not None:
            if id(source) not in seen:
                seen |= {id(each) for each in ast.walk(source)}
                yield f"line {source.lineno}", text
        elif f"{self.file}:{function}" not in self.passed_on:
            msg = f"{self.file} line {node.lineno}: {function} runs {ast.unparse(node)}, which can not be read here"
            raise Unreadable(msg)

    def _text(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Name):
            node = self.constants.get(node.id, node)
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return "".join(self._text(part) or _STAND_IN for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return self._text(node.value)
        return None


def _takes_sql(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in TAKES_SQL
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in TAKES_SQL:
        return False
    return ast.unparse(call.func.value).rpartition(".")[2] not in NO_DATABASE


def _walk(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node with the name of the function or method it stands in, the outermost one."""
    for child in ast.iter_child_nodes(node):
        inner = function
        if function == "module" and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = child.name
        yield inner, child
        yield from _walk(child, inner)


def _docstrings(tree: ast.Module) -> set[int]:
    """The strings that are statements of Python by themselves: documentation."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
