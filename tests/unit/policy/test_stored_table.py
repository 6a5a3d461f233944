"""A version is judged for ever by the table that was stored with it."""

import base64
import json

import pytest

from smmatic.policy.compiler import IMPOSSIBLE, restore_policy

from .shipped import compiled, document


def test_a_stored_version_decides_as_it_did():
    stored = json.loads(json.dumps(compiled().as_json()))
    restored = restore_policy(document(), stored)
    assert restored.table == compiled().table
    assert restored.outcomes == compiled().outcomes
    facts = document().complete({"ask": "none", "stage": "halted", "fulfilment_fault": "verified"})
    assert restored.decide(facts) == compiled().decide(facts)


def test_a_cell_names_its_combination_and_back():
    space = compiled().space
    for cell in range(0, space.size, 101):
        assert space.cell(space.facts(cell)) == cell


def test_the_stored_table_can_be_read_a_byte_a_cell():
    stored = compiled().as_json()
    table = base64.b64decode(stored["table"])
    facts = document().complete({"ask": "none", "stage": "refused"})
    outcome = stored["outcomes"][table[compiled().cell(facts)]]
    assert outcome["clause"] == "2.2"
    impossible = {"ask": "none", "stage": "pending"}
    assert table[compiled().cell(document().complete(impossible))] == IMPOSSIBLE == stored["impossible"]


def test_a_table_of_another_file_is_refused():
    stored = compiled().as_json()
    with pytest.raises(ValueError, match="cells"):
        restore_policy(document(), stored | {"table": ""})
    with pytest.raises(ValueError, match="other facts"):
        restore_policy(document(), stored | {"facts": []})
    with pytest.raises(ValueError, match="format"):
        restore_policy(document(), stored | {"format": 9})
