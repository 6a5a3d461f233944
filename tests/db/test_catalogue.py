"""The catalogue is imported whole or not at all, and no term of a service changes without a new version."""

import threading

import psycopg
import pytest
from django.db import DatabaseError, connection

from smmatic.accounts.rules import Role
from smmatic.catalogue.actions import ImportResult, import_catalogue, packaged_catalogue, set_availability
from smmatic.catalogue.imports import COLUMNS, CatalogueRefused
from smmatic.catalogue.queries import ServiceRow, categories, service, service_by_code, services, versions
from smmatic.kernel.database import fetch_all, fetch_one
from smmatic.kernel.ids import new_readable_code
from smmatic.kernel.refusals import Refusal, RefusalCode
from tests.builders import person

pytestmark = pytest.mark.django_db

HEADER = ",".join(COLUMNS)


def row(code: str, **changes: str) -> str:
    cells = {
        "code": code, "name_en": "Name", "name_vi": "Tên", "category": "Test", "service_class": "campaign",
        "platform": "tiktok", "unit_en": "week", "unit_vi": "tuần", "type": "counted", "min": "1", "max": "12",
        "step": "1", "price_credits_per_unit": "1.05", "start_hours": "4", "grace_minutes": "10", "delivery": "staff",
        "rework_days": "7", "stop_rule": "none", "link_kinds": "profile|site",
    } | changes  # fmt: skip
    return ",".join(cells[column] for column in COLUMNS)


def new_code() -> str:
    return f"T-{new_readable_code(8)}"


def known(code: str) -> ServiceRow:
    found = service_by_code(code)
    assert found is not None
    return found


def imported(*rows: str) -> ImportResult:
    return import_catalogue("\n".join([HEADER, *rows]))


def all_of_it() -> list[dict[str, object]]:
    return fetch_all("SELECT * FROM catalogue_service ORDER BY id")


def test_the_packaged_catalogue_is_there_and_importing_it_again_changes_nothing():
    before = all_of_it()
    result = import_catalogue(packaged_catalogue())
    assert (result.added, result.changed, result.unchanged) == (0, 0, 24)
    assert all_of_it() == before
    assert [s.code for s in services()][:2] == ["TT-ADS", "GG-ADS"]
    assert list(categories(services()))[:2] == ["Advertising", "Shop"]


def test_only_a_changed_service_gets_a_new_version():
    one, two = new_code(), new_code()
    assert imported(row(one), row(two)) == ImportResult(2, 0, 0)
    first = known(one)
    assert (first.version, first.price_units, first.active, first.name("vi"), first.unit("en")) == (
        1, 10_500, True, "Tên", "week",
    )  # fmt: skip
    assert imported(row(two), row(one, price_credits_per_unit="2")) == ImportResult(0, 1, 1)
    assert (known(one).version, known(one).price_units, known(two).version) == (2, 20_000, 1)
    assert known(one).id == first.id


def test_every_version_keeps_the_terms_that_an_order_pins():
    code = new_code()
    imported(row(code))
    pinned = known(code).terms()
    imported(row(code, grace_minutes="20"))
    history = versions(known(code).id)
    assert [line.version for line in history] == [2, 1]
    assert history[1].terms == pinned
    assert history[0].terms == known(code).terms()
    assert (pinned["version"], pinned["grace_minutes"], pinned["link_kinds"]) == (1, 10, ["profile", "site"])


def test_one_wrong_line_imports_nothing():
    good, bad = new_code(), new_code()
    before = all_of_it()
    with pytest.raises(CatalogueRefused) as caught:
        imported(row(good), row(bad, min="0"))
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(3, "min")]
    assert all_of_it() == before


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AGENT, Role.APPROVER, Role.AUDITOR])
def test_only_operators_change_the_catalogue(role: Role):
    actor = person(role)
    before = all_of_it()
    for attempt in (
        lambda: import_catalogue(packaged_catalogue(), actor),
        lambda: set_availability(actor, services()[0].id, False),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.code == RefusalCode.ROLE_MISSING
    assert all_of_it() == before


def test_an_operator_takes_a_service_off_the_list_and_back():
    operator, code = person(Role.OPERATOR), new_code()
    imported(row(code))
    set_availability(operator, known(code).id, False)
    assert (known(code).active, known(code).version) == (False, 2)
    assert code not in [s.code for s in services()]
    assert code in [s.code for s in services(active_only=False)]
    assert versions(known(code).id)[0].actor_id == operator.id
    set_availability(operator, known(code).id, False)
    assert known(code).version == 2
    set_availability(operator, known(code).id, True)
    assert (known(code).active, known(code).version) == (True, 3)
    with pytest.raises(Refusal) as refused:
        set_availability(operator, 2**40, True)
    assert refused.value.code == RefusalCode.SERVICE_UNKNOWN


def test_a_service_stands_only_under_its_present_version_while_it_is_offered():
    code = new_code()
    imported(row(code))

    def stands(version: int) -> bool:
        answer = fetch_one("SELECT catalogue_service_stands_v1(%s, %s) AS stands", [known(code).id, version])
        return bool(answer and answer["stands"])

    assert (stands(1), stands(2)) == (True, False)
    set_availability(person(Role.OPERATOR), known(code).id, False)
    assert (stands(1), stands(2)) == (False, False)


def test_terms_never_change_without_a_new_version_not_even_from_a_console():
    code = new_code()
    imported(row(code))
    before = all_of_it()
    for change in ("price_units = 1", "name_en = 'x'", "active = false", "version = 0, price_units = 1"):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"UPDATE catalogue_service SET {change} WHERE code = %s", [code])
    assert all_of_it() == before


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("min = 0", "catalogue_service_quantities"),
        ("min = 13", "catalogue_service_quantities"),
        ("step = 0", "catalogue_service_quantities"),
        ("type = 'package'", "catalogue_service_package_is_one"),
        ("type = 'drip'", "catalogue_service_type"),
        ("price_units = 0", "catalogue_service_price"),
        ("price_units = 99999999999", "catalogue_service_price"),
        ("grace_minutes = -1", "catalogue_service_times"),
        ("start_hours = 8761", "catalogue_service_times"),
        ("delivery = 'robot'", "catalogue_service_delivery"),
        ("stop_rule = 'always'", "catalogue_service_stop_rule"),
        ("platform = 'web'", "catalogue_service_platform"),
        ("code = 'small'", "catalogue_service_code"),
    ],
)
def test_the_database_refuses_broken_terms(change: str, constraint: str):
    code = new_code()
    imported(row(code))
    before = all_of_it()
    with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
        cursor.execute(f"UPDATE catalogue_service SET version = version + 1, {change} WHERE code = %s", [code])
    assert refused.value.__cause__.diag.constraint_name == constraint
    assert all_of_it() == before


def test_history_is_append_only(database_addresses):
    code = new_code()
    imported(row(code))
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for statement in (
            "UPDATE catalogue_service_version SET terms = '{}'",
            "DELETE FROM catalogue_service_version",
            "TRUNCATE catalogue_service_version",
        ):
            with pytest.raises(psycopg.DatabaseError, match="append-only"):
                owner.execute(statement)
    assert len(versions(known(code).id)) == 1


def test_two_imports_at_once_take_turns():
    code = new_code()
    failures: list[BaseException] = []

    def run(price: int) -> None:
        try:
            imported(row(code, price_credits_per_unit=str(price)))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(price,)) for price in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert known(code).version == 8
    assert len(versions(known(code).id)) == 8


def test_what_is_not_there_is_none():
    assert service(2**40) is None
    assert service_by_code("NO-SUCH") is None
    assert service_by_code("NO\x00SUCH") is None
    assert service_by_code("Á") is None


def test_a_service_says_what_one_gets_and_what_is_needed():
    top_up = known("TT-ADS")
    assert top_up.gets("en").startswith("The spend is added")
    assert top_up.needs("vi").startswith("Số tài khoản quảng cáo")
    assert (top_up.link_example, top_up.link_expected) == ("7012345678901234567", "TikTok ad account")
    assert (top_up.can_be_stopped, top_up.takes_files, known("ANY-PHOTO").takes_files) == (True, False, True)
