"""What DESIGN §5 asks of every statement, as a table: a name, why, and how an offence is found in PostgreSQL's own tree.

"CockroachDB" is v25.3 or newer. A rule looks at one parsed statement and its place, and knows nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pglast import ast, parse_sql
from pglast.enums import AlterTableType, ConstrType, LockWaitPolicy, ObjectType
from pglast.parser import ParseError

from tests.dialect.finding import Found

CONTEXTS: Final = frozenset({"identity", "catalogue", "reports", "notification", "feed", "canned"})
SERVER: Final = frozenset({"pg_catalog", "information_schema"})
META: Final = "jagawarga_meta"
UNQUALIFIED: Final = frozenset({"pg_roles"})
"""Read without a schema because both databases have it wherever one stands."""
_PLUMBING_OF_SCHEMAS: Final = "plumbing/migrate.py"

Check = Callable[[Found, Any], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken` says whether a statement breaks it."""

    name: str
    why: str
    broken: Check


def nodes(tree: Any) -> Iterator[Any]:
    """Every node of a parsed statement, from the top."""
    if isinstance(tree, ast.Node):
        yield tree
        for name in tree:
            yield from nodes(getattr(tree, name))
    elif isinstance(tree, tuple):
        for each in tree:
            yield from nodes(each)


def _has(*kinds: str) -> Check:
    types = tuple(getattr(ast, kind) for kind in kinds)
    return lambda _, tree: any(isinstance(node, types) for node in nodes(tree))


def _any(kind: str, test: Callable[[Any], object]) -> Check:
    wanted = getattr(ast, kind)
    return lambda _, tree: any(isinstance(node, wanted) and bool(test(node)) for node in nodes(tree))


def _either(*checks: Check) -> Check:
    return lambda found, tree: any(check(found, tree) for check in checks)


def _names(parts: Any) -> tuple[str, ...]:
    return tuple(str(part.sval).lower() for part in parts or () if isinstance(part, ast.String))


def _calls(*prefixes: str) -> Check:
    return _any("FuncCall", lambda node: _names(node.funcname)[-1].startswith(prefixes))


def _type(*wanted: str) -> Check:
    return _any("TypeName", lambda node: _names(node.names)[-1:] and _names(node.names)[-1] in wanted)


def _constraint(*kinds: ConstrType) -> Check:
    return _any("Constraint", lambda node: node.contype in kinds)


_NAMED: Final = (
    ConstrType.CONSTR_PRIMARY, ConstrType.CONSTR_UNIQUE, ConstrType.CONSTR_CHECK, ConstrType.CONSTR_FOREIGN,
)  # fmt: skip
_DEFER: Final = (ConstrType.CONSTR_ATTR_DEFERRABLE, ConstrType.CONSTR_ATTR_DEFERRED)
_SCHEMA_CHANGES: Final = (
    "CreateStmt", "CreateTableAsStmt", "AlterTableStmt", "IndexStmt", "DropStmt", "RenameStmt", "CreateSchemaStmt",
    "CreatePolicyStmt", "AlterPolicyStmt", "ViewStmt", "GrantStmt", "GrantRoleStmt", "CreateRoleStmt", "AlterRoleStmt",
    "DropRoleStmt", "AlterOwnerStmt", "AlterObjectSchemaStmt", "TruncateStmt", "CommentStmt",
)  # fmt: skip


def _is_schema_change(tree: Any) -> bool:
    return isinstance(tree, tuple(getattr(ast, kind) for kind in _SCHEMA_CHANGES))


def _schemas(tree: Any) -> Iterator[tuple[str | None, str]]:
    """Schema and name of every table a statement touches; its own common table expressions are none."""
    own = {node.ctename for node in nodes(tree) if isinstance(node, ast.CommonTableExpr)}
    for node in nodes(tree):
        if isinstance(node, ast.RangeVar) and not (node.schemaname is None and node.relname in own):
            yield node.schemaname, str(node.relname)


def _foreign(found: Found, tree: Any) -> bool:
    """Whether it touches a schema that is not its context's own."""
    allowed = {found.context} if found.context in CONTEXTS else {META, *SERVER}
    return any(schema is not None and schema not in allowed for schema, _ in _schemas(tree))


def _unqualified(_: Found, tree: Any) -> bool:
    return any(schema is None and name not in UNQUALIFIED for schema, name in _schemas(tree))


def _twice(_: Found, tree: Any) -> bool:
    changed = [
        (node.relation.schemaname, node.relation.relname)
        for node in nodes(tree)
        if isinstance(node, ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt) and node.relation is not None
    ]
    return len(changed) != len(set(changed))


def _repeatable(found: Found, tree: Any) -> bool:
    """Whether a migration's statement would fail, or do something else, the second time."""
    if not found.is_migration:
        return False
    if isinstance(tree, ast.CreateStmt | ast.IndexStmt | ast.CreateSchemaStmt):
        return not tree.if_not_exists
    if isinstance(tree, ast.DropStmt):
        return not tree.missing_ok
    if isinstance(tree, ast.AlterTableStmt):
        adds = [each for each in tree.cmds or () if each.subtype == AlterTableType.AT_AddColumn]
        return any(not each.missing_ok for each in adds)
    return False


def _in_the_wrong_place(found: Found, tree: Any) -> bool:
    return _is_schema_change(tree) and not found.is_migration and found.file != _PLUMBING_OF_SCHEMAS


RULES: Final = (
    Rule("LISTEN and NOTIFY", "CockroachDB has none; the bus tells", _either(
        _has("ListenStmt", "NotifyStmt", "UnlistenStmt"), _calls("pg_notify"))),
    Rule("advisory locks", "CockroachDB takes them and locks nothing; leases are rows", _calls(
        "pg_advisory", "pg_try_advisory")),
    Rule("table locks", "CockroachDB has no LOCK TABLE", _has("LockStmt")),
    Rule("triggers and rules", "what happens stands in the code, not behind it", _has(
        "CreateTrigStmt", "CreateEventTrigStmt", "RuleStmt")),
    Rule("extensions", "CockroachDB has none", _has("CreateExtensionStmt", "AlterExtensionStmt")),
    Rule("temporary tables", "CockroachDB has them as an experiment only", _any(
        "RangeVar", lambda node: node.relpersistence == "t")),
    Rule("unlogged tables", "CockroachDB logs them all the same", _any(
        "RangeVar", lambda node: node.relpersistence == "u")),
    Rule("DO blocks", "each database runs another language in them", _has("DoStmt")),
    Rule("functions and procedures", "what is decided stands in the code", _has("CreateFunctionStmt", "CallStmt")),
    Rule("types of one's own", "enumerations are text with CHECK; asyncpg prepares enums badly on CockroachDB", _has(
        "CreateEnumStmt", "CreateDomainStmt", "CompositeTypeStmt", "CreateRangeStmt", "DefineStmt", "AlterEnumStmt")),
    Rule("sequences", "keys are random; a sequence is one place all nodes meet at", _either(
        _has("CreateSeqStmt", "AlterSeqStmt"), _calls("nextval", "currval", "setval", "lastval"),
        _type("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"),
        _constraint(ConstrType.CONSTR_IDENTITY))),
    Rule("unnamed constraints", "the databases name them differently, so no later migration could", _any(
        "Constraint", lambda node: node.contype in _NAMED and not node.conname)),
    Rule("unnamed indexes", "the databases name them differently", _any("IndexStmt", lambda node: not node.idxname)),
    Rule("deferrable constraints", "CockroachDB has none", _either(_constraint(*_DEFER), _any(
        "Constraint", lambda node: node.deferrable or node.initdeferred))),
    Rule("exclusion constraints", "CockroachDB has none", _constraint(ConstrType.CONSTR_EXCLUSION)),
    Rule("ON CONFLICT ON CONSTRAINT", "CockroachDB does not support it for every statement; name the columns", _any(
        "InferClause", lambda node: node.conname)),
    Rule("inheritance and partitions", "CockroachDB has no INHERITS, and other partitions", _any(
        "CreateStmt", lambda node: node.inhRelations or node.partspec or node.partbound)),
    Rule("tablespaces", "CockroachDB has none", _either(
        _has("CreateTableSpaceStmt", "DropTableSpaceStmt"),
        _any("CreateStmt", lambda node: node.tablespacename), _any("IndexStmt", lambda node: node.tableSpace))),
    Rule("system columns", "ctid, xmin and their kind tell of PostgreSQL's pages", _any(
        "ColumnRef", lambda node: {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"} & set(_names(node.fields)))),
    Rule("SKIP LOCKED and NOWAIT", "CockroachDB does not skip under every isolation; leases are rows", _any(
        "LockingClause", lambda node: node.waitPolicy != LockWaitPolicy.LockWaitBlock)),
    Rule("views", "a backup copies tables, and row-level security under a view differs", _has(
        "ViewStmt", "RefreshMatViewStmt")),
    Rule("subqueries in policies", "CockroachDB refuses them (cockroach #138917)", lambda _, tree: isinstance(
        tree, ast.CreatePolicyStmt | ast.AlterPolicyStmt) and any(isinstance(node, ast.SubLink) for node in nodes(tree))),
    Rule("forms of GRANT", "tables are named: ALL TABLES means other tables tomorrow, columns CockroachDB refuses", _either(
        _any("GrantStmt", lambda node: node.objtype not in {ObjectType.OBJECT_TABLE, ObjectType.OBJECT_SCHEMA}
             or node.targtype.name != "ACL_TARGET_OBJECT"),
        _any("AccessPriv", lambda node: node.cols), _has("AlterDefaultPrivilegesStmt"))),
    Rule("schema changes outside migrations", "CockroachDB wants them outside of the application's transactions",
         _in_the_wrong_place),
    Rule("migrations that can not be repeated", "one that was cut in the middle is run again", _repeatable),
    Rule("rows in migrations", "a migration changes the schema; rows are changed by the program, in batches",
         lambda found, tree: found.is_migration and not _is_schema_change(tree)),
    Rule("several changes in one statement", "CockroachDB does each by itself, and half may fail", _either(
        _any("AlterTableStmt", lambda node: len(node.cmds) > 1), _any("DropStmt", lambda node: len(node.objects) > 1),
        _any("CreateSchemaStmt", lambda node: node.schemaElts))),
    Rule("the transaction's own statements", "the unit of work begins and ends it, and does it again", _has(
        "TransactionStmt")),
    Rule("tables of another context", "a context knows its own schema only", _foreign),
    Rule("tables without a schema", "what is found depends on the session", _unqualified),
    Rule("one table changed twice in a statement", "CockroachDB refuses it, PostgreSQL does one of them", _twice),
    Rule("object identifiers by name", "regclass and its kind are PostgreSQL's catalogue", _type(
        "regclass", "regproc", "regtype", "regrole", "regnamespace")),
    Rule("types CockroachDB lacks", "it has no money, xml, ranges, or addresses of devices", _type(
        "money", "xml", "cidr", "macaddr", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "hstore")),
    Rule("cursors and prepared statements", "they are the session's; work leaves nothing in a session", _has(
        "DeclareCursorStmt", "FetchStmt", "PrepareStmt", "ExecuteStmt")),
    Rule("MERGE", "CockroachDB v25 has none; INSERT … ON CONFLICT does it", _has("MergeStmt")),
    Rule("COPY", "rows come in by unnest, one statement a batch", _has("CopyStmt")),
    Rule("maintenance", "VACUUM, REINDEX and CLUSTER are PostgreSQL's", _has("VacuumStmt", "ReindexStmt")),
    Rule("sleeping", "a connection that sleeps is one of few", _calls("pg_sleep")),
)  # fmt: skip


def offences(found: Found) -> list[str]:
    """The names of the rules a statement breaks, in the table's order."""
    try:
        trees = [each.stmt for each in parse_sql(found.text)]
    except ParseError as error:
        return [f"not SQL ({error})"]
    several = ["several statements in one text"] if len(trees) != 1 else []
    return several + [rule.name for rule in RULES if any(rule.broken(found, tree) for tree in trees)]
