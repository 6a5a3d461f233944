"""The shape of a mail: what an event has to say, and the letter that says it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from mjml import mjml2html


class Topic(StrEnum):
    """What a letter is about: customers choose by topic what they are mailed."""

    ORDERS = "orders"
    REFUNDS = "refunds"
    MESSAGES = "messages"
    DEPOSITS = "deposits"


@dataclass(frozen=True, slots=True)
class Content:
    """What an event has to say in the active language.

    Attributes:
        subject: the mail's subject and the headline of the notice in the dashboard.
        paragraphs: the words, each a paragraph.
        action: the words of the button.
        route: name of the page that the button opens.
        route_id: the id in that page's address, or None.
        rows: facts as name and value, shown as a table below the words (a receipt).
        headed: whether the subject stands above the words too; not so in an answer within a conversation.
    """

    subject: str
    paragraphs: tuple[str, ...]
    action: str
    route: str
    route_id: int | None = None
    rows: tuple[tuple[str, str], ...] = ()
    headed: bool = True


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of one mail; `address` is a page of ours, `path` the same without the host."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    path: str
    action: str
    footer: tuple[str, ...]
    language: str

    @property
    def address(self) -> str:
        """The page that the button opens, or ''."""
        return settings.SMMATIC_PUBLIC_URL + self.path if self.path else ""

    @property
    def preview(self) -> str:
        """What a mail program shows beside the subject."""
        return self.paragraphs[0][:140] if self.paragraphs else ""

    @property
    def text(self) -> str:
        """The mail as plain text."""
        facts = "\n".join(f"{name}: {value}" for name, value in self.rows)
        opens = f"{self.action}:\n{self.address}" if self.path else ""
        footer = "-- \n" + "\n".join(self.footer)
        return "\n\n".join(filter(None, [*self.paragraphs, facts, opens, footer])) + "\n"

    @property
    def html(self) -> str:
        """The mail as HTML for every mail program, light and dark; every word of people is escaped."""
        context = {"letter": self, "site_name": settings.SMMATIC_SITE_NAME}
        return str(mjml2html(render_to_string("notices/letter.mjml", context)))


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that a mail belongs to: answers come to `reply_to`; `answers` are the Message-IDs before it,
    the last one last."""

    conversation_id: int
    reply_to: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Who is to be told of an event, and how: `content` gives the words in the language that it is called with.

    Attributes:
        customer_id: whom it concerns; None for somebody who is no customer.
        topic: by which the customer may have chosen not to be mailed.
        essential: mailed whatever was chosen, since something waits for the customer.
        address: where it goes instead of the customer's own address.
        language: of `address`.
        quiet: without a notice in the customer's dashboard.
        thread: the conversation it belongs to.
        automatic: whether a program wrote it, as its header says; False for what a person wrote.
    """

    customer_id: int | None
    order_id: int | None
    case_id: int | None
    content: Callable[[str], Content]
    topic: Topic
    essential: bool = False
    address: str = ""
    language: str = ""
    quiet: bool = False
    thread: Thread | None = None
    automatic: bool = True

    def letter(self, language: str) -> Letter:
        """The letter in a language ('en' or 'vi')."""
        with translation.override(language):
            content = self.content(language)
            arguments = [] if content.route_id is None else [content.route_id]
            return Letter(
                subject=content.subject,
                heading=content.subject if content.headed else "",
                paragraphs=content.paragraphs,
                rows=content.rows,
                path=reverse(content.route, args=arguments) if content.route else "",
                action=content.action,
                footer=self._footer(bool(content.route)),
                language=language,
            )

    def _footer(self, with_page: bool) -> tuple[str, ...]:
        address = {"address": settings.SMMATIC_SUPPORT_ADDRESS}
        if self.thread is not None and self.thread.reply_to:
            lines = [_("Just answer this mail, or write to %(address)s.") % address]
        elif with_page:
            lines = [_("Questions? Write on that page, or to %(address)s.") % address]
        else:
            lines = [_("Questions? Write to %(address)s.") % address]
        if self.customer_id is not None and not self.essential and self.topic is not Topic.REFUNDS and not self.address:
            lines.append(
                _("Which mails you get: %(page)s")
                % {"page": settings.SMMATIC_PUBLIC_URL + reverse("dashboard:notice_choices")}
            )
        return tuple(lines)
