"""The JSON Schema is the format that the loader reads: the same keys, and it takes every shipped file."""

import copy
import json
import tomllib
from collections import defaultdict

import pytest

from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.reading import Table
from smmatic.policy.schema import SCHEMA_FILE, json_text, schema

from .schemas import mistakes
from .shipped import TEXT
from .test_own_facts import with_fact, with_promise, with_share

FILES = sorted(SHIPPED_FILE.parent.glob("*.toml"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FILES} | {
    "share": with_share(),
    "promise": with_promise(),
    "window": with_fact('since = "ended_at"\nat_most = "48h"'),
    "threshold": with_fact('attribute = "order.quantity"\nat_least = 500'),
}


def test_the_file_is_what_the_software_makes():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_text()
    assert json.loads(json_text()) == schema()


@pytest.mark.parametrize("name", TEXTS)
def test_it_takes_every_policy_that_the_loader_takes(name):
    load_policy(TEXTS[name])
    assert list(mistakes(tomllib.loads(TEXTS[name]), schema())) == []


def test_it_knows_the_very_keys_that_the_loader_reads(monkeypatch):
    read = defaultdict(set)
    finish = Table.finish

    def noting(self):
        path = tuple("*" if isinstance(part, int) else part for part in self.path)
        read[path] |= self._read
        finish(self)

    monkeypatch.setattr(Table, "finish", noting)
    for text in TEXTS.values():
        load_policy(text)

    def node_at(path):
        node = schema()
        for part in path:
            node = node["items"] if part == "*" else node["properties"].get(part, node.get("additionalProperties"))
        return node

    free = {"en", "vi"} | {item.id for item in load_policy(TEXT).service_classes}
    for path, keys in read.items():
        node = node_at(path)
        if node.get("additionalProperties") is False:
            assert set(node["properties"]) == keys, path
        else:
            assert keys - free <= set(node.get("properties", {})), path


@pytest.mark.parametrize(
    ("table", "key", "value", "words"),
    [
        ("times", "lunch", 3, "unknown lunch"),
        ("times", "cut_off", "25:00", "25:00"),
        ("bonus", "grace_days", -1, "-1"),
        ("bonus", "grace_days", "14", "no integer"),
        ("policy", "languages", 7, "no string"),
    ],
)
def test_it_refuses_what_the_loader_refuses(table, key, value, words):
    data = copy.deepcopy(tomllib.loads(TEXT))
    data[table][key] = value
    assert any(words in mistake for mistake in mistakes(data, schema()))
    del data[table]
    assert f"file: no {table}" in list(mistakes(data, schema()))
