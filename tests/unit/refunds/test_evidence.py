"""Links as evidence are read, checked and named by our own reader; what it refuses stays text and opens nothing."""

import pytest

from smmatic.refunds.evidence import MOST_LINKS, evidence_facts, links_in, links_of


def test_a_link_is_shown_as_what_it_leads_to():
    words = "See https://www.tiktok.com/@shop.vn/video/7300000000000000001?lang=vi, and (https://example.com/proof)."
    found = links_in(words)
    assert [link.url for link in found] == [
        "https://www.tiktok.com/@shop.vn/video/7300000000000000001", "https://example.com/proof",
    ]  # fmt: skip
    assert "TikTok" in found[0].label


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "ftp://example.com/x", "http://127.0.0.1/admin", "http://169.254.169.254/latest", "nothing",
        "https://user:secret@example.com/", "http://localhost:8000/desk", "http://[::1]/", "https://exa\u202emple.com/a",
    ],
)  # fmt: skip
def test_what_the_reader_refuses_stays_text(text):
    assert links_in(f"Look: {text}") == []
    assert evidence_facts(text) == {}


def test_links_are_capped_and_each_is_kept_once():
    many = " ".join(f"https://example.com/{number}" for number in range(50))
    assert len(links_in(many)) == MOST_LINKS
    facts = evidence_facts("https://example.com/a and again https://example.com/a")
    assert [link.url for link in links_of([facts, {}, facts])] == ["https://example.com/a"]
