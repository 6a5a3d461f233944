"""The two roles of the database and what the app role may do, on the embedded server and on an operator's own.

The owner migrates; the app serves. Default privileges are set before the first migration, so that every ordinary table
is readable and writable for the app from birth; the migration that makes history tables takes the rights on those away.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

OWNER = "smmatic_owner"
APP = "smmatic_app"
_APP_LIMITS = {"lock_timeout": "10s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"}
HISTORY = (
    "credits_account",
    "credits_transfer",
    "credits_grant",
    "credits_grant_use",
    "credits_charge",
    "credits_idempotency",
    "orders_event",
    "refunds_claim",
    "refunds_event",
    "policy_version",
    "policy_calendar",
    "catalogue_service_version",
    "deposits_event",
    "support_message",
)
"""Tables that the app role may not change: the ledger is written by functions of the owner, events only grow.

The same list as in `migrations/rights.sql`, which takes the rights away."""


@dataclass(frozen=True)
class RoleReport:
    """What the app role can do: may it connect as a role of its own, and which history could it rewrite."""

    app: str
    owner: str
    superuser: bool
    may_change: tuple[str, ...]
    history_tables: int

    @property
    def separate(self) -> bool:
        """Whether app and owner are two roles."""
        return self.app != self.owner


def ensure_roles(admin: psycopg.Connection[object], owner_password: str, app_password: str) -> None:
    """Makes both roles with their passwords and the limits of the app role; repeating it changes nothing.

    `admin` is a superuser's connection in autocommit.
    """
    for role, password in ((OWNER, owner_password), (APP, app_password)):
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        # Only the verifier crosses the wire, so that no log can hold the password.
        verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        rights = "CREATEDB" if role == OWNER else "NOCREATEDB"
        admin.execute(
            sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(
                sql.Identifier(role), sql.SQL(rights), sql.Literal(verifier)
            )
        )
    for name, value in _APP_LIMITS.items():
        admin.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(APP), sql.SQL(name), sql.Literal(value))
        )


def ensure_database(admin: psycopg.Connection[object], name: str) -> None:
    """Makes the database, owned by the owner role, which only the two roles may enter."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        return
    database, owner = sql.Identifier(name), sql.Identifier(OWNER)
    try:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
    except psycopg.errors.DuplicateDatabase:
        return
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(APP)))


def prepare_privileges(owner: psycopg.Connection[object], app: str) -> None:
    """Sets what the app role gets on everything that the owner makes from now on; before the first migration.

    `owner` is the owner's own connection in autocommit. With one role for both there is nothing to set.
    """
    if owner.info.user == app:
        return
    role = sql.Identifier(app)
    owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
    owner.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    for rights, kind in (
        ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
        ("USAGE, SELECT", "SEQUENCES"),
        ("EXECUTE", "FUNCTIONS"),
    ):
        owner.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {} ON {} TO {}").format(
                sql.SQL(rights), sql.SQL(kind), role
            )
        )


def report(app: psycopg.Connection[object], owner_role: str) -> RoleReport:
    """What the role of this connection could do to history."""
    row = app.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    user, superuser = row if isinstance(row, tuple) else ("", False)
    rows = app.execute(
        "SELECT c.relname::text, has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')"
        "   OR has_table_privilege(c.oid, 'TRUNCATE') OR pg_has_role(c.relowner, 'USAGE')"
        " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s)",
        (list(HISTORY),),
    ).fetchall()
    tables = [row for row in rows if isinstance(row, tuple)]
    may_change = tuple(sorted(name for name, may in tables if may))
    return RoleReport(str(user), owner_role, bool(superuser), may_change, len(tables))
