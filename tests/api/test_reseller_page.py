"""What is written about API v2 is true: the page at its address, and the page in the docs, whose examples run."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from smmatic.api.reseller import door
from smmatic.api.reseller.fields import FIELDS
from smmatic.api.reseller.page import ACTIONS, ERRORS
from smmatic.api.reseller.shapes import STATUS
from smmatic.api.reseller.words import Word
from tests.api.reseller_clients import URL, number_of, reseller
from tests.builders import reread

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "reseller-api.md"


def test_the_page_names_every_action_field_status_and_error():
    page = Client().get(URL).content.decode()
    assert {row.name for row in ACTIONS} == set(FIELDS) == set(door.ACTIONS)
    for row in ACTIONS:
        assert {field.name for field in row.fields} <= FIELDS[row.name]
    for action, fields in FIELDS.items():
        assert f"action={action}" in page
        for name in fields - {"order"}:
            assert f"<code>{name}</code>" in page, name
    assert {word for word, _meaning in ERRORS} == set(Word)
    for text in [*Word, *STATUS.values()]:
        assert f"<code>{text}</code>" in page


def test_the_page_needs_no_script_of_its_own_and_comes_in_vietnamese():
    response = Client().get(URL, headers={"accept-language": "vi"})
    page = response.content.decode()
    assert response.headers["Content-Language"] == "vi"
    assert "Danh sách dịch vụ" in page
    assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)


def examples():
    """The examples of the docs: what is sent, and what is answered."""
    blocks = re.findall(r"```\n(.*?)```", DOCS.read_text(), re.S)
    found = []
    for block in blocks:
        sent, _, answered = block.partition("\n\n")
        if sent.startswith("curl"):
            found.append((sent, answered.strip()))
    return found


def _ours(text, orders):
    """A text of the docs with this installation's number of the service, and of the order that the docs place."""
    number = str(number_of("SP-LIST"))
    text = re.sub(r'(service=|"service": )8\b', lambda found: found[1] + number, text)
    return text.replace("23501", str(orders[0])) if orders else text


def test_the_examples_of_the_docs_run_as_they_are_written():
    who, orders, run = reseller(1000), [], 0
    for sent, answered in examples():
        body, expected = "&".join(re.findall(r"-d '([^']*)'", sent)), json.loads(_ours(answered, orders))
        told = who.body(f"key={who.secret}&{_ours(body, orders)}")
        if isinstance(expected, dict) and "order" in expected and not orders:
            assert told.keys() == expected.keys()
            orders.append(told["order"])
            assert reread(told["order"]).service_code == "SP-LIST"
        elif "services" in body:
            listed = next(row for row in told if row["service"] == number_of("SP-LIST"))
            assert {name: listed[name] for name in expected[0] if name != "desc"} == {
                name: value for name, value in expected[0].items() if name != "desc"
            }
        elif isinstance(expected, dict) and "error" in expected:
            assert expected.items() <= told.items(), told
        else:
            assert told == expected
        run += 1
    assert run >= 8
    assert orders
