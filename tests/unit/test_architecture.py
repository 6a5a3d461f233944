"""The shape of the code is a promise too: what a reader may rely on is checked here."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "smmatic"
DOMAINS = (
    "accounts",
    "catalogue",
    "credits",
    "deposits",
    "fulfilment",
    "notices",
    "orders",
    "policy",
    "refunds",
    "support",
)
SQL = sorted(PACKAGE.rglob("*.sql"))
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)

# Refunds is the one package that knows order, policy and ledger together, and its proof compares the three; rights.sql
# states who may write what of every package.
ALLOWED = {"refunds/proof.sql": set(DOMAINS), "migrations/rights.sql": set(DOMAINS)}


@pytest.mark.parametrize("path", SQL, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_sql_file_names_only_tables_of_its_own_package(path):
    name = str(path.relative_to(PACKAGE))
    tables = {table for table, _ in _tables()}
    code = re.sub(r"--[^\n]*|'[^']*'", "", path.read_text())
    named = set(re.findall(r"\b[a-z]+_[a-z_]+\b", code)) & tables
    foreign = {table for table in named if table.split("_")[0] not in ALLOWED.get(name, {path.parent.name})}
    assert not foreign, f"{name} names {sorted(foreign)}: call a function of that package instead"


def test_the_check_above_can_fail():
    tables = {table for table, _ in _tables()}
    assert {"credits_account", "orders_order", "refunds_case"} <= tables


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name == "rules.py"], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_rules_are_pure(path):
    forbidden = (
        "django.db",
        "django.conf",
        "django.core",
        "smmatic.kernel.clock",
        "smmatic.kernel.database",
        "os",
        "random",
        "secrets",
    )
    for module in _imports(path):
        assert not any(module == name or module.startswith(f"{name}.") for name in forbidden), f"{path.name}: {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_actions_open_transactions(path):
    if path.name.endswith(("actions.py", "database.py", "idempotency.py", "proof.py")):
        return
    source = path.read_text()
    assert "with atomic()" not in source or path.parts[-2] in ("ops", "management"), f"{path} opens a transaction"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_kernel_reads_the_clock(path):
    if path.parent.name in ("kernel", "sandbox", "ops"):
        return
    source = path.read_text()
    assert not re.search(r"datetime\.now\(|timezone\.now\(|datetime\.utcnow\(|date\.today\(", source)


def test_packages_have_empty_init_files():
    assert [p for p in PACKAGE.rglob("__init__.py") if p.read_text().strip()] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_fits_one_room(path):
    assert len(path.read_text().splitlines()) <= 450


def _tables() -> list[tuple[str, str]]:
    found = []
    for path in PACKAGE.glob("*/models.py"):
        found += [(name, path.parent.name) for name in re.findall(r'db_table = "(\w+)"', path.read_text())]
    return found


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
