"""Shared by the trials: databases of their own, a crowd of processes, and bugs planted in the database."""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from pytest_django.plugin import DjangoDbBlocker

from smmatic.kernel.database_url import parse_database_url
from smmatic.policy import queries as policy
from tests.databases import Addresses, cloned
from tests.trials.crowd import Crowd

ROUNDS = int(os.environ.get("TRIALS_ROUNDS", "1"))
"""How many times as long as in `make test` the trials go on: TRIALS_ROUNDS=20 make test ARGS=tests/trials."""


@pytest.fixture(scope="session")
def crowd() -> Iterator[Crowd]:
    """Processes to be forked; one server for the session."""
    made = Crowd()
    yield made
    made.close()


@pytest.fixture
def ground(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Addresses]:
    """A database that only this trial uses, for which Django's connections of this process are meant."""
    with (
        cloned(f"smmatic_trial_{secrets.token_hex(4)}") as addresses,
        django_db_blocker.unblock(),
        pointed_at(addresses),
    ):
        yield addresses


@pytest.fixture(scope="module")
def shared_ground(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Addresses]:
    """As `ground`, for all tests of a module: their requests are refused, or do no harm to one another."""
    with (
        cloned(f"smmatic_trial_{secrets.token_hex(4)}") as addresses,
        django_db_blocker.unblock(),
        pointed_at(addresses),
    ):
        yield addresses


@contextmanager
def pointed_at(addresses: Addresses) -> Iterator[None]:
    """Django's connections of this process, and the environment of processes that it starts, on another database."""
    from django.db import connections

    settings = connections["default"].settings_dict
    before = {name: settings[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    environment = {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    connections["default"].close()
    settings.update(parse_database_url(addresses.app))
    os.environ.update(DATABASE_URL=addresses.app, DATABASE_OWNER_URL=addresses.owner)
    policy.forget()
    try:
        yield
    finally:
        connections["default"].close()
        settings.update(before)
        os.environ.update(environment)
        policy.forget()


@contextmanager
def owner_of(addresses: Addresses) -> Iterator[psycopg.Connection]:
    """A connection of the owner, who may change the functions."""
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        yield connection


@pytest.fixture
def plant(ground: Addresses) -> Callable[..., None]:
    """Plants a bug in functions of the trial's database, named as LIKE does: what a pattern finds is replaced."""

    def one(name: str, pattern: str, replacement: str) -> None:
        with owner_of(ground) as owner:
            rows = owner.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE %s AND prokind = 'f'", [name]
            ).fetchall()
            count = 0
            for (text,) in rows:
                changed, found = re.subn(pattern, replacement, text)
                count += found
                if found:
                    owner.execute(changed)
            assert count, f"no {name} has anything like {pattern}: the control plants no bug any more"

    return one
