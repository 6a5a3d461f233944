"""A catalogue file is taken whole or refused with each line and column."""

import tomllib
from importlib import resources

import pytest

from smmatic.catalogue.actions import packaged_catalogue
from smmatic.catalogue.imports import COLUMNS, CatalogueRefused, read_catalogue
from smmatic.catalogue.links import link_example
from smmatic.catalogue.rules import check_input

HEADER = ",".join(COLUMNS)
ROW = "AB-1,Name,Tên,Cat,campaign,tiktok,week,tuần,counted,1,12,1,1.05,4,10,staff,7,none,profile|site"


def problems(*rows: str, header: str = HEADER) -> list[tuple[int, str, str]]:
    with pytest.raises(CatalogueRefused) as caught:
        read_catalogue("\n".join([header, *rows]))
    assert all(str(problem) for problem in caught.value.problems)
    return [(problem.line, problem.column, problem.refusal.code.value) for problem in caught.value.problems]


def changed(column: str, value: str) -> str:
    cells = dict(zip(COLUMNS, ROW.split(","), strict=True)) | {column: value}
    return ",".join(cells.values())


def test_the_packaged_catalogue_is_read_whole() -> None:
    services = read_catalogue(packaged_catalogue())
    assert len(services) == 24
    top_up = next(service for service in services if service["code"] == "TT-ADS")
    assert (top_up["price_units"], top_up["min"], top_up["max"], top_up["link_kinds"]) == (
        10_500,
        50,
        10_000,
        ["ads_account"],
    )


@pytest.mark.parametrize("service", read_catalogue(packaged_catalogue()), ids=lambda service: service["code"])
def test_every_packaged_service_can_be_ordered_with_its_own_example(service: dict[str, object]) -> None:
    kind = service["type"]
    checked = check_input(
        service,
        link=link_example(service),
        quantity=service["min"] if kind == "counted" else None,
        texts=["a caption"] * int(str(service["min"])) if kind == "custom_comments" else None,
        runs=service["min"] if kind == "counted_runs" else None,
        interval_minutes=60 if kind == "counted_runs" else None,
    )
    assert checked.amount_units > 0


def test_every_packaged_service_is_described_in_both_languages() -> None:
    text = resources.files("smmatic.catalogue").joinpath("data/descriptions.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)
    services = read_catalogue(packaged_catalogue())
    assert set(known["service"]) <= {service["code"] for service in services}
    assert {service["service_class"] for service in services} <= set(known["class"])
    for entry in [*known["class"].values(), *known["service"].values()]:
        assert all(entry[part][language] for part in ("gets", "needs") for language in ("en", "vi"))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("code", "", "field_invalid"),
        ("code", "ab 1", "field_invalid"),
        ("code", "A" * 21, "field_invalid"),
        ("name_en", "", "field_missing"),
        ("name_vi", "x" * 121, "text_too_long"),
        ("category", "a\x07b", "text_forbidden_characters"),
        ("service_class", "Top Up", "field_invalid"),
        ("platform", "myspace", "catalogue_one_of"),
        ("unit_en", "", "field_missing"),
        ("unit_vi", "\u202egiờ", "text_forbidden_characters"),
        ("type", "drip", "catalogue_one_of"),
        ("min", "0", "quantity_too_small"),
        ("min", "１", "count_malformed"),
        ("max", "1e3", "count_malformed"),
        ("step", "0", "quantity_too_small"),
        ("price_credits_per_unit", "1.00001", "amount_too_precise"),
        ("price_credits_per_unit", "0", "amount_out_of_range"),
        ("price_credits_per_unit", "-1", "amount_malformed"),
        ("price_credits_per_unit", "1 000", "amount_malformed"),
        ("price_credits_per_unit", "9000000", "price_too_large"),
        ("start_hours", "8761", "quantity_too_large"),
        ("grace_minutes", "x", "count_malformed"),
        ("delivery", "robot", "catalogue_one_of"),
        ("rework_days", "366", "quantity_too_large"),
        ("stop_rule", "always", "catalogue_one_of"),
        ("link_kinds", "profile|", "catalogue_one_of"),
        ("link_kinds", "profile|profile", "catalogue_one_of"),
        ("link_kinds", "", "catalogue_one_of"),
    ],
)
def test_each_wrong_cell_is_named(column: str, value: str, code: str) -> None:
    assert problems(ROW.replace("AB-1", "OK-1"), changed(column, value)) == [(3, column, code)]


def test_columns_must_fit_each_other() -> None:
    assert problems(changed("min", "13")) == [(2, "max", "quantity_too_small")]
    assert problems(changed("type", "package")) == [(2, "max", "quantity_fixed")]


def test_every_problem_of_the_file_is_named_at_once() -> None:
    assert problems(changed("min", "x"), ROW, changed("delivery", "?")) == [
        (2, "min", "count_malformed"),
        (3, "code", "catalogue_code_twice"),
        (4, "delivery", "catalogue_one_of"),
        (4, "code", "catalogue_code_twice"),
    ]


def test_the_shape_of_the_file_is_checked() -> None:
    assert problems() == [(1, "", "catalogue_size")]
    assert problems(ROW, header=HEADER.replace("step", "stride")) == [
        (1, "step", "field_missing"),
        (1, "stride", "field_unknown"),
    ]
    assert problems(ROW + ",extra") == [(2, "", "malformed")]
    assert problems("AB-1,Name") == [(2, column, "field_missing") for column in list(COLUMNS)[2:]]
    assert problems('AB-1,"Na') == [(2, "", "malformed")]
    assert ("code", "field_missing") in [(column, code) for _, column, code in problems(header="")]


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert len(read_catalogue("\ufeff" + HEADER + "\r\n" + ROW + "\r\n")) == 1
