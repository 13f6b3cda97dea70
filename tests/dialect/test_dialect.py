"""Every statement of the application is one that PostgreSQL and CockroachDB both take (DESIGN §5)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

import jagawarga
from jagawarga.plumbing.migrate import migrations
from tests.dialect.finding import Found, Unreadable, statements
from tests.dialect.rules import RULES, offences

ROOT: Final = Path(jagawarga.__file__).parent

PASSED_ON: Final = {
    "catalogue/store.py:_execute": "hands on one of the module's own constants",
    "identity/store.py:_row": "hands on one of the module's own constants",
    "plumbing/migrate.py:migrate": "runs the migrations, which are read as files",
    "plumbing/migrate.py:_make_roles": "tries again what stands beside it",
    "plumbing/migrate.py:_once": "hands on what it was given",
    "plumbing/tables.py:copy_out": "runs what stands in the line before",
}
POSTGRESQL_ONLY: Final = {
    ("plumbing/tables.py", "several statements in one text"): "a backup's session; a backup is of the embedded server",
    ("plumbing/tables.py", "table locks"): "a backup's one moment; CockroachDB has BACKUP … AS OF SYSTEM TIME",
    ("plumbing/tables.py", "tables without a schema"): "the server's catalogue, and tables named by it",
    ("backup/restoring.py", "maintenance"): "the rows have just been put into an embedded server",
}
"""What is for PostgreSQL by nature: file and rule, and why."""

OFFENDERS: Final = {
    "LISTEN and NOTIFY": ["LISTEN a", "UNLISTEN a", "NOTIFY a, 'b'", "SELECT pg_notify('a', 'b')"],
    "advisory locks": ["SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_xact_lock(1)"],
    "table locks": ["LOCK TABLE reports.report"],
    "triggers and rules": [
        "CREATE TRIGGER a BEFORE INSERT ON reports.report EXECUTE FUNCTION f()",
        "CREATE RULE a AS ON INSERT TO reports.report DO NOTHING",
    ],
    "extensions": ["CREATE EXTENSION pgcrypto"],
    "temporary tables": ["CREATE TEMP TABLE a (b int)", "SELECT 1 INTO TEMP a"],
    "unlogged tables": ["CREATE UNLOGGED TABLE reports.a (b int)"],
    "DO blocks": ["DO $$ BEGIN END $$"],
    "functions and procedures": [
        "CREATE FUNCTION a() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$",
        "CREATE PROCEDURE a() LANGUAGE sql AS 'SELECT 1'",
        "CALL a()",
    ],
    "types of one's own": ["CREATE TYPE a AS ENUM ('b')", "CREATE DOMAIN a AS text", "CREATE TYPE a AS (b int)"],
    "sequences": [
        "CREATE TABLE reports.a (b bigserial)",
        "CREATE SEQUENCE reports.a",
        "CREATE TABLE reports.a (b bigint DEFAULT nextval('c'))",
        "CREATE TABLE reports.a (b bigint GENERATED ALWAYS AS IDENTITY)",
    ],
    "unnamed constraints": [
        "CREATE TABLE reports.a (b int PRIMARY KEY)",
        "CREATE TABLE reports.a (b int, UNIQUE (b))",
        "CREATE TABLE reports.a (b int CHECK (b > 0))",
        "ALTER TABLE reports.a ADD FOREIGN KEY (b) REFERENCES reports.report (report_id)",
    ],
    "unnamed indexes": ["CREATE INDEX ON reports.report (level)"],
    "deferrable constraints": [
        "CREATE TABLE reports.a (b int CONSTRAINT c REFERENCES reports.d DEFERRABLE)",
        "CREATE TABLE reports.a (b int, CONSTRAINT c UNIQUE (b) DEFERRABLE INITIALLY DEFERRED)",
    ],
    "exclusion constraints": ["CREATE TABLE reports.a (b int, CONSTRAINT c EXCLUDE USING gist (b WITH =))"],
    "ON CONFLICT ON CONSTRAINT": ["INSERT INTO reports.a VALUES (1) ON CONFLICT ON CONSTRAINT c DO NOTHING"],
    "inheritance and partitions": [
        "CREATE TABLE reports.a () INHERITS (reports.report)",
        "CREATE TABLE reports.a (b int) PARTITION BY RANGE (b)",
    ],
    "tablespaces": ["CREATE TABLE reports.a (b int) TABLESPACE c", "CREATE INDEX d ON reports.a (b) TABLESPACE c"],
    "system columns": ["SELECT ctid FROM reports.report", "DELETE FROM reports.report r WHERE r.xmin = $1"],
    "SKIP LOCKED and NOWAIT": [
        "SELECT 1 FROM reports.outbox FOR UPDATE SKIP LOCKED",
        "SELECT 1 FROM (SELECT 1 FROM reports.outbox FOR SHARE NOWAIT) AS a",
    ],
    "views": ["CREATE VIEW reports.a AS SELECT 1", "REFRESH MATERIALIZED VIEW reports.a"],
    "subqueries in policies": [
        "CREATE POLICY a ON reports.report USING (EXISTS (SELECT 1 FROM reports.access))",
        "CREATE POLICY a ON reports.report WITH CHECK (agency IN (SELECT agency FROM reports.access))",
    ],
    "forms of GRANT": [
        "GRANT SELECT ON ALL TABLES IN SCHEMA reports TO a",
        "GRANT SELECT (agency) ON reports.report TO a",
        "GRANT EXECUTE ON FUNCTION f() TO a",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO a",
    ],
    "several changes in one statement": [
        "ALTER TABLE reports.report ADD COLUMN a int, DROP COLUMN b",
        "DROP TABLE reports.a, reports.b",
        "CREATE SCHEMA a CREATE TABLE b (c int)",
    ],
    "the transaction's own statements": ["BEGIN", "COMMIT", "SAVEPOINT a"],
    "tables of another context": [
        "SELECT 1 FROM identity.account",
        "SELECT 1 FROM reports.report JOIN catalogue.agency ON key = agency",
        "CREATE TABLE reports.a (b uuid CONSTRAINT c REFERENCES identity.account)",
    ],
    "tables without a schema": ["SELECT 1 FROM report", "WITH a AS (SELECT 1) SELECT 1 FROM a, b"],
    "one table changed twice in a statement": [
        "WITH a AS (UPDATE reports.report SET level = 1 RETURNING 1) DELETE FROM reports.report"
    ],
    "object identifiers by name": ["SELECT 'reports.report'::regclass"],
    "types CockroachDB lacks": ["CREATE TABLE reports.a (b money)", "SELECT $1::tstzrange"],
    "cursors and prepared statements": ["DECLARE a CURSOR FOR SELECT 1", "PREPARE a AS SELECT 1"],
    "MERGE": ["MERGE INTO reports.a USING reports.b ON true WHEN MATCHED THEN DELETE"],
    "COPY": ["COPY reports.report TO STDOUT"],
    "maintenance": ["VACUUM reports.report", "REINDEX TABLE reports.report"],
    "sleeping": ["SELECT pg_sleep(1)"],
    "schema changes outside migrations": ["CREATE INDEX IF NOT EXISTS a ON reports.report (level)", "TRUNCATE reports.report"],
}  # fmt: skip
IN_MIGRATIONS: Final = {
    "migrations that can not be repeated": [
        "CREATE TABLE reports.a (b int)",
        "CREATE INDEX a ON reports.report (level)",
        "DROP TABLE reports.a",
        "ALTER TABLE reports.report ADD COLUMN a int",
    ],
    "rows in migrations": ["UPDATE reports.report SET level = 0"],
}
"""Offences only a migration can commit."""


def test_both_databases_take_every_statement() -> None:
    """No statement of the package breaks a rule, but for those of PostgreSQL by nature."""
    found = list(statements(ROOT, PASSED_ON))
    wrong = [
        f"{each}: {rule}: {each.text.strip()[:80]}"
        for each in found
        for rule in offences(each)
        if (each.file, rule) not in POSTGRESQL_ONLY
    ]
    assert wrong == []
    # A finder that finds nothing would find no offence either.
    assert {each.context for each in found if each.is_migration} == {
        "identity",
        "catalogue",
        "reports",
        "notification",
        "feed",
        "canned",
    }
    assert {each.file for each in found if not each.is_migration} >= {
        "identity/store.py", "catalogue/store.py", "canned/store.py", "notification/sql/queries.sql", "reports/sql/queries.sql",
        "plumbing/database.py", "plumbing/migrate.py", "plumbing/tables.py", "backup/taking.py",
    }  # fmt: skip


def test_every_exception_is_still_one() -> None:
    """What is listed as PostgreSQL's own is there, and would be refused otherwise."""
    broken = {(each.file, rule) for each in statements(ROOT, PASSED_ON) for rule in offences(each)}
    assert POSTGRESQL_ONLY.keys() - broken == set()


def test_every_statement_of_a_migration_is_read_as_it_is_applied() -> None:
    """What is checked of a context is what `migrate` runs, one statement each."""
    applied = {statement for migration in migrations() for statement in migration.statements}
    assert {each.text for each in statements(ROOT, PASSED_ON) if each.is_migration} == applied


@pytest.mark.parametrize("rule", [each.name for each in RULES])
def test_a_rule_catches_its_offenders(rule: str) -> None:
    """Each rule finds every one of its examples where the rule holds."""
    assert [
        each
        for each in OFFENDERS.get(rule, [])
        if rule not in offences(Found(each, "reports/store.py", "line 1"))
    ] == []  # fmt: skip
    assert [
        each
        for each in IN_MIGRATIONS.get(rule, [])
        if rule not in offences(Found(each, "reports/sql/0009_pre_x.sql", "statement 1"))
    ] == []
    assert OFFENDERS.get(rule) or IN_MIGRATIONS.get(rule), "a rule without an example is not known to work"


def test_what_is_no_statement_is_refused() -> None:
    """A text that PostgreSQL's parser does not take, and two statements in one, are offences."""
    (refused,) = offences(Found("SELECT FROM WHERE", "reports/store.py", "line 1"))
    assert refused.startswith("not SQL")
    assert offences(Found("SELECT 1; SELECT 2", "reports/store.py", "line 1")) == ["several statements in one text"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("reports/sql/0002_post_x.sql", "-- why\nLISTEN hidden;\n"),
        ("reports/sql/more.sql", "-- name: a\nSELECT 1;\n\n-- name: b\nLISTEN hidden\n"),
        ("reports/new.py", 'NEVER_USED = "LISTEN hidden"\n'),
        ("reports/deep/new.py", 'class A:\n    def f(self):\n        return """\n        LISTEN hidden\n        """\n'),
        ("reports/new.py", 'async def f(connection):\n    await connection.execute("listen hidden")\n'),
        ("reports/new.py", 'async def f(pool, name):\n    await pool.fetchval(f"listen hidden{name}")\n'),
        ("reports/new.py", 'WHAT = "listen hidden"\nasync def f(c):\n    await c.fetch(WHAT)\n'),
        ("reports/new.py", 'WHAT = "hidden"\nasync def f(c):\n    await c.fetch(f"listen {WHAT}")\n'),
        ("plumbing/new.py", 'async def f(c):\n    await _once(c.execute, "listen hidden")\n'),
    ],
)
def test_a_hidden_statement_is_found(tmp_path: Path, file: str, text: str) -> None:
    """A statement in a new file is found and refused without anybody naming it."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert [rule for each in statements(tmp_path, {}) for rule in offences(each)][:1] == ["LISTEN and NOTIFY"]


@pytest.mark.parametrize("given", ["what", "'SEL' + what", "'SELECT {}'.format(what)", "make(what)", "TABLE[what]"])
def test_a_statement_that_can_not_be_read_is_refused(tmp_path: Path, given: str) -> None:
    """A connection takes no text that is put together out of sight."""
    (tmp_path / "new.py").write_text(f"async def f(connection, what):\n    await connection.fetch({given})\n")
    with pytest.raises(Unreadable, match="can not be read"):
        list(statements(tmp_path, {}))


def test_prose_is_no_statement(tmp_path: Path) -> None:
    """Documentation and what a bus is asked for are left alone."""
    (tmp_path / "new.py").write_text('"""SELECT carefully."""\nasync def f(self):\n    await self.bus.fetch("x", 1)\n')
    assert list(statements(tmp_path, {})) == []
