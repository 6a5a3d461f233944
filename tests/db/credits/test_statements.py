"""Statements: opening, every transfer, closing, and a hash that no change survives."""

import pytest

from smmatic.credits.queries import wallet
from smmatic.credits.statements import statement_of
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.ops.statement import main
from smmatic.refunds.actions import cancel
from smmatic.web.sheets import csv_lines
from smmatic.web.statements import COLUMNS, Period, file_rows, statement_file, verify_file
from tests.builders import customer, give, placed

pytestmark = pytest.mark.django_db


def busy():
    who = customer(1000)
    give(who, 12_345, "bonus", words='=HYPERLINK("x")')
    cancel(who, placed(who).id)
    placed(who)
    return who


def csv_of(who):
    return "".join(csv_lines(COLUMNS, file_rows(statement_of(who.id))))


def test_a_statement_goes_from_its_opening_to_its_closing_balance():
    who = busy()
    whole = statement_of(who.id)
    assert whole.opening.available == 0
    assert whole.closing.available == wallet(who.id).available
    assert whole.opening.available + sum(row.change for row in whole.rows) == whole.closing.available
    assert whole.opening.held + sum(row.held_change for row in whole.rows) == whole.closing.held == 105 * UNITS
    later = statement_of(who.id, since=now())
    assert (later.rows, later.opening, later.closing) == ((), whole.closing, whole.closing)
    middle = statement_of(who.id, since=whole.rows[2].recorded_at)
    assert middle.opening.available == whole.rows[1].available_after


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_file_is_genuine_as_it_was_given(format):
    who = busy()
    file = b"".join(statement_file(who.id, Period(None, None), format).streaming_content)
    verdict = verify_file(f"x.{format}", file)
    assert (verdict.genuine, verdict.account, verdict.transfers) == (True, who.id, 5)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("1000.00", "9000.00", "transfer 1"), ("hold", "bonus", "transfer 3"), ("TT-ADS", "TT-ADX", "transfer 3"),
    ],
)  # fmt: skip
def test_a_changed_file_is_found_and_the_place_is_named(old, new, found):
    text = csv_of(busy())
    verdict = verify_file("x.csv", text.replace(old, new, 1).encode())
    assert not verdict.genuine
    assert found in verdict.problem


def test_a_line_that_was_cut_out_or_put_in_is_found():
    lines = csv_of(busy()).splitlines(keepends=True)
    assert not verify_file("x.csv", "".join(lines[:3] + lines[4:]).encode()).genuine
    assert not verify_file("x.csv", "".join([*lines[:4], lines[3], *lines[4:]]).encode()).genuine


def test_a_made_up_file_with_a_hash_of_its_own_is_found():
    one, other = busy(), customer(5)
    text = csv_of(one).replace(f"-1:{one.id}:", f"-1:{other.id}:")
    assert not verify_file("x.csv", text.encode()).genuine


def test_the_command_says_so_with_its_exit_code(tmp_path, capsys):
    text = csv_of(busy())
    (tmp_path / "good.csv").write_text(text, encoding="utf-8")
    (tmp_path / "bad.csv").write_text(text.replace("1000.00", "9000.00", 1), encoding="utf-8")
    (tmp_path / "none.csv").write_text("a,b\n1,2\n")
    assert main(["verify", str(tmp_path / "good.csv")]) == 0
    assert main(["verify", str(tmp_path / "bad.csv")]) == 1
    assert main(["verify", str(tmp_path / "none.csv")]) == 2
    assert "NOT genuine" in capsys.readouterr().err
