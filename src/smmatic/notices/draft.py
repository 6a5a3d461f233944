"""The shape of a mail: what an event has to say, and the letter that says it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Content:
    """What an event has to say in the active language: subject, paragraphs, the page to open and what opens it."""

    subject: str
    paragraphs: tuple[str, ...]
    action: str
    route: str
    route_id: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of one mail; `address` is a page of ours."""

    subject: str
    paragraphs: tuple[str, ...]
    address: str
    action: str
    footer: str
    language: str

    @property
    def text(self) -> str:
        """The mail as plain text."""
        return "\n\n".join([*self.paragraphs, f"{self.action}:\n{self.address}", f"-- \n{self.footer}"]) + "\n"

    @property
    def html(self) -> str:
        """The mail as HTML with inline styles, every word of people escaped."""
        context = {"letter": self, "site_name": settings.SMMATIC_SITE_NAME, "language": self.language}
        return render_to_string("notices/letter.html", context)


@dataclass(frozen=True, slots=True)
class Draft:
    """Who is to be told of an event, and how: `content` gives the words in the language that it is called with.

    `to_support` tells the shop's own support address instead of the customer.
    """

    customer_id: int
    order_id: int | None
    case_id: int | None
    content: Callable[[str], Content]
    to_support: bool = False

    def letter(self, language: str) -> Letter:
        """The letter in a language ('en' or 'vi')."""
        with translation.override(language):
            content = self.content(language)
            arguments = [] if content.route_id is None else [content.route_id]
            footer = _("Questions? Write on that page, or to %(address)s.")
            return Letter(
                subject=content.subject,
                paragraphs=content.paragraphs,
                address=settings.SMMATIC_PUBLIC_URL + reverse(content.route, args=arguments),
                action=content.action,
                footer=footer % {"address": settings.SMMATIC_SUPPORT_ADDRESS},
                language=language,
            )
