"""A time of day says whose clock it is: the policy's or the installation's, whatever shop it is."""

import pytest
from django.template import Context, Template
from django.utils import translation

from smmatic.notices.words import moment
from smmatic.policy.document import load_policy
from smmatic.policy.words import say
from smmatic.policy.zones import zone_words

from .shipped import TEXT, broken, problems_of


@pytest.mark.parametrize(
    ("zone", "english", "vietnamese"),
    [
        ("Asia/Ho_Chi_Minh", "Vietnam time", "giờ Việt Nam"),
        ("Asia/Bangkok", "Bangkok time", "giờ Bangkok"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time", "giờ Buenos Aires"),
        ("UTC", "UTC", "UTC"),
        ("Etc/GMT-7", "GMT-7", "GMT-7"),
    ],
)
def test_a_zone_has_a_name_in_both_languages(zone, english, vietnamese):
    assert (zone_words(zone, "en"), zone_words(zone, "vi")) == (english, vietnamese)


@pytest.mark.parametrize(
    ("zone", "language", "words"),
    [("Asia/Ho_Chi_Minh", "en", "Vietnam time"), ("Europe/Berlin", "en", "Berlin time"), ("Asia/Tokyo", "vi", "giờ Tokyo")],
)  # fmt: skip
def test_the_zone_of_a_policy_stands_in_its_texts(zone, language, words):
    document = load_policy(TEXT.replace('zone = "Asia/Ho_Chi_Minh"', f'zone = "{zone}"', 1))
    assert say(document, document.clause("5.1").text, language).endswith(f"{words}.")


def test_a_zone_is_no_number_of_days():
    found = problems_of(broken(("{zone:times.zone}", "{days:times.zone}")), 7)
    assert any("Its unit is zone" in problem for problem in found)


@pytest.mark.parametrize(("zone", "shown"), [("Asia/Ho_Chi_Minh", "Vietnam time"), ("Europe/Berlin", "Berlin time")])
def test_a_promised_time_on_a_page_and_in_a_mail_names_the_clock_of_the_installation(settings, zone, shown):
    from datetime import UTC, datetime

    settings.TIME_ZONE = zone
    due = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    hour = "18:00" if zone.startswith("Asia") else "12:00"
    with translation.override("en"):
        page = Template("{% load smm %}{% due when %}").render(Context({"when": due}))
        for said in (page, moment(due)):
            assert f"({shown})" in said
            assert "Monday" in said
            assert hour in said
