"""A link is recognised in every form that people paste it in, and a hostile or foreign one is refused with an example."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from smmatic.catalogue.kinds import EXAMPLES, NO_LINK, Kind, Platform
from smmatic.catalogue.links import check_link, link_example, link_expected, recognise
from smmatic.kernel.refusal_words.inputs import INPUT_WORDS
from smmatic.kernel.refusals import Refusal

LINKS = tomllib.loads(Path(__file__).with_name("links.toml").read_text(encoding="utf-8"))


def terms_of(service: str) -> dict[str, Any]:
    platform, kinds = service.split(":")
    return {"platform": platform, "link_kinds": kinds.split("|")}


def context_of(row: dict[str, Any]) -> dict[str, Any]:
    if "service" not in row:
        return {}
    terms = terms_of(row["service"])
    return {"platform": terms["platform"], "kinds": terms["link_kinds"]}


def refusal_of(row: dict[str, Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        check_link(terms_of(row["service"]), row["text"]) if "service" in row else recognise(row["text"])
    return caught.value


def test_there_are_at_least_300_links() -> None:
    assert len(LINKS["good"]) + len(LINKS["bad"]) >= 300


@pytest.mark.parametrize("row", LINKS["good"], ids=lambda row: ascii(row["text"])[:70])
def test_a_link_is_recognised(row: dict[str, Any]) -> None:
    link = recognise(row["text"], **context_of(row))
    found = (link.platform, link.kind, link.id, link.canonical, link.country, link.owner, bool(link.could_be))
    expected = (row["platform"], row["kind"], row["id"], row["canonical"])
    assert found == (*expected, row.get("country", ""), row.get("owner", ""), row.get("short", False))
    assert link.label


@pytest.mark.parametrize("row", LINKS["good"], ids=lambda row: ascii(row["text"])[:70])
def test_a_canonical_link_is_recognised_as_itself(row: dict[str, Any]) -> None:
    first = recognise(row["text"], **context_of(row))
    kinds = [row["kind"]]
    again = recognise(first.canonical, platform=row["platform"] if row["platform"] != "web" else "any", kinds=kinds)
    assert (again.platform, again.kind, again.canonical) == (first.platform, first.kind, first.canonical)
    assert first.canonical.isascii()


@pytest.mark.parametrize("row", LINKS["bad"], ids=lambda row: f"{row['code']} {ascii(row['text'])[:60]}")
def test_a_bad_link_is_refused_with_its_own_code_and_an_example(row: dict[str, Any]) -> None:
    refusal = refusal_of(row)
    assert (refusal.code, refusal.field, refusal.status) == (row["code"], "link", 422)
    assert str(refusal.facts["example"]) in refusal.next_step
    assert "%(" not in refusal.sentence + refusal.next_step


def test_every_link_code_has_a_case() -> None:
    codes = {code for code in INPUT_WORDS if code.startswith("link_")}
    assert codes == {row["code"] for row in LINKS["bad"]}


@pytest.mark.parametrize("value", [None, 5, True, 1.5, ["https://example.com"], b"https://example.com", {}])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(Refusal):
        recognise(value)


@pytest.mark.parametrize(("place", "example"), EXAMPLES.items())
def test_every_example_is_what_it_is_an_example_of(place: tuple[Platform, Kind], example: str) -> None:
    platform, kind = place
    link = check_link({"platform": platform.value, "link_kinds": [kind.value]}, example)
    assert link.kind == kind


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_a_service_that_takes_files_needs_no_link(text: object) -> None:
    assert check_link(terms_of("any:upload|site"), text) == NO_LINK


def test_a_short_link_takes_on_the_kind_that_the_service_needs() -> None:
    link = check_link(terms_of("tiktok:profile|site"), "https://vt.tiktok.com/ZSabc12345/")
    assert (link.kind, link.platform) == (Kind.PROFILE, Platform.TIKTOK)


def test_where_the_platform_does_not_matter_a_platform_page_is_a_site_too() -> None:
    link = check_link(terms_of("any:upload|site"), "https://shopee.vn/product/12345678/9876543210")
    assert link.kind == Kind.PRODUCT


def test_a_compliance_check_takes_pages_that_are_no_item() -> None:
    link = check_link(terms_of("any:any"), "https://www.lazada.vn/catalog/?q=ao")
    assert (link.platform, link.canonical) == (Platform.WEB, "https://www.lazada.vn/catalog/?q=ao")


def test_a_wrong_platform_says_what_was_found_and_what_is_needed() -> None:
    with pytest.raises(Refusal) as caught:
        check_link(terms_of("tiktok:profile|site"), "https://shopee.vn/yourshop")
    assert "Shopee shop yourshop (VN)" in caught.value.sentence
    assert "TikTok profile or website" in caught.value.next_step
    assert "https://www.tiktok.com/@yourname" in caught.value.next_step


def test_labels_read_like_a_person_would_say_them() -> None:
    assert recognise("tiktok.com/@shop/video/7301234567890123456").label == "TikTok video by @shop"
    assert recognise("https://shopee.vn/product/12/34").label == "Shopee product 12.34 (VN)"
    assert recognise("https://maps.app.goo.gl/AbCdEf").label == "Google short link; we open it when the work starts"
    assert NO_LINK.label == "Files or a description instead of a link"


def test_the_empty_field_says_what_it_takes() -> None:
    assert link_expected(terms_of("any:upload|video")) == "files or video"
    assert link_example(terms_of("google:ads_account")) == "123-456-7890"
