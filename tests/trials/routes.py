"""Every route of the shop, read from its URL conf, with an object for each to lead to and a form that it takes.

The forms are what a page of ours would send, so that a refusal of one is a refusal of who sends it, or of the one field
that a trial made wrong. A route that takes forms and has none here fails `test_every_form_is_known`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from smmatic.accounts.actions import create_api_key, operator_link
from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.catalogue.exports import cells_of
from smmatic.catalogue.queries import ServiceRow
from smmatic.catalogue.steps import keep_deliverable
from smmatic.fulfilment.models import ProviderWord
from smmatic.fulfilment.rework_actions import ask_rework
from smmatic.fulfilment.rework_queries import rework
from smmatic.kernel.database import fetch_all
from smmatic.kernel.ids import new_readable_code
from smmatic.kernel.sheets import read_lines
from smmatic.notices.sweep import write_due
from smmatic.orders.actions import keep_file
from smmatic.orders.list_queries import views_of
from smmatic.orders.mass_actions import check_batch
from smmatic.orders.view_actions import save_view
from smmatic.refunds.actions import ask_stop
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.review_actions import decide, set_claim
from smmatic.support.actions import ask_customer, post_message
from tests.api.clients import secret_of
from tests.builders import ADS_ACCOUNT, begun, catalogue_text, customer, new_key, own_service, person, placed
from tests.mail.things import mailed
from tests.web.desk.builders import (
    BACKEND,
    a_provider,
    asked_gift,
    delivered_order,
    deposit,
    disputed,
    reviewed_case,
    staff_order,
)
from tests.web.desk.more import more_of_the_desk

Form = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """A named route; `wants` are the names in its address. A regular expression as address has no template."""

    name: str
    pattern: str

    @property
    def wants(self) -> list[str]:
        """The names that its address carries."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    @property
    def room(self) -> str:
        """Which package answers: dashboard, desk, api, account, or '' for the public pages."""
        if self.pattern.startswith("account/"):
            return "account"
        return self.name.partition(":")[0] if ":" in self.name else ""


def routes() -> list[Route]:
    """Every route of the URL conf."""
    return [Route(name, pattern) for name, pattern in _walk(get_resolver(), "", ())]


def _walk(resolver: URLResolver, prefix: str, spaces: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _walk(pattern, prefix + str(pattern.pattern), inner)
        elif isinstance(pattern, URLPattern):
            yield ":".join((*spaces, str(pattern.name))), prefix + str(pattern.pattern)


class Ground:
    """A customer with one of everything, a stranger, and staff of every role, each with a browser."""

    def __init__(self) -> None:
        keep_deliverable(None)  # a form of the desk switches providers off
        self.victim, self.stranger = customer(20_000, password=PASSWORD), customer(20_000)
        self.staff = {role: person(role) for role in Role if role is not Role.CUSTOMER}
        self.trouble: list[str] = []
        got_request_exception.connect(self._note, weak=False, dispatch_uid=id(self))

    def warm(self) -> None:
        """Makes everything that is made when it is first asked for."""
        for name, value in vars(type(self)).items():
            if isinstance(value, cached_property):
                getattr(self, name)

    def close(self) -> None:
        """Stops listening for faults."""
        got_request_exception.disconnect(dispatch_uid=id(self))

    def _note(self, **_: Any) -> None:
        import traceback

        self.trouble.append(traceback.format_exc())

    def client(self, who: Person | None, **headers: str) -> Client:
        """A browser of this person's, or a visitor's; a fault of ours is answered, not raised."""
        made = Client(raise_request_exception=False, headers=headers or None)
        if who is not None:
            from django.contrib.auth import get_user_model

            made.force_login(get_user_model().objects.get(id=who.id), backend=BACKEND)
        return made

    def program(self, who: Person | None) -> Client:
        """A program with an API key of this person's, or with none."""
        return Client(
            raise_request_exception=False, headers={"Authorization": f"Bearer {secret_of(who)}"} if who else None
        )

    @cached_property
    def case(self) -> CaseRow:
        """In review: delivered in part, and the customer says that we failed."""
        return reviewed_case(self.victim)

    @cached_property
    def pending(self) -> int:
        """An order that can be cancelled."""
        return placed(self.victim).id

    @cached_property
    def working(self) -> int:
        """An order in work that can be stopped and that nobody has complained about."""
        return begun(self.victim, delivered=40).id

    @cached_property
    def staffed(self) -> int:
        """An order that our own people deliver."""
        return staff_order(self.victim).id

    @cached_property
    def stopping(self) -> int:
        """An order of our own people's whose customer asks for a stop."""
        number = staff_order(self.victim).id
        return ask_stop(self.victim, number).id

    @cached_property
    def finished(self) -> int:
        """An order that our own people completed, within its days of rework."""
        return delivered_order(self.victim).id

    @cached_property
    def rework(self) -> int:
        """What the customer asked to be done again of another such order."""
        return ask_rework(self.victim, delivered_order(self.victim).id, "Page two.")

    @cached_property
    def decided(self) -> CaseRow:
        """Decided, above the limit: it waits for a second person."""
        agent = self.staff[Role.AGENT]
        case = reviewed_case(self.victim, 2_000, delivered=100)
        case = set_claim(
            agent, case.id, claim="fulfilment_fault", proof="verified", evidence="Seen.", version=case.version
        )
        return decide(agent, case.id, version=case.version)

    @cached_property
    def deposit(self) -> Any:
        """A deposit that waits for its money."""
        return deposit(self.victim)

    @cached_property
    def approval(self) -> int:
        """A gift above the limit that waits for a second person."""
        return int(asked_gift(self.victim) or 0)

    @cached_property
    def disputed(self) -> Any:
        """A deposit in dispute."""
        return disputed(self.victim)

    @cached_property
    def file(self) -> int:
        """A file that the customer uploaded."""
        return keep_file(self.victim, name="brief.txt", content=b"my brief").id

    @cached_property
    def provider(self) -> int:
        """A provider that delivers nothing any more."""
        return a_provider().id

    @cached_property
    def word(self) -> int:
        """A word of that provider."""
        return ProviderWord.objects.create(provider_id=self.provider, place="end", word=new_key()).id

    @cached_property
    def batch(self) -> int:
        """A mass order that was checked."""
        rows = read_lines(f"TT-ADS | {ADS_ACCOUNT} | 50", field="lines", maximum_rows=10)
        return check_batch(self.victim, rows, key=new_key()).id

    @cached_property
    def view(self) -> int:
        """A saved view of the customer's."""
        save_view(self.victim, "mine", "show=live")
        return views_of(self.victim.id)[0].id

    @cached_property
    def service(self) -> ServiceRow:
        """A service that nobody else orders or edits."""
        return own_service()

    @cached_property
    def talk(self) -> int:
        """A conversation about nothing in particular."""
        return post_message(self.victim, None, "Hello").conversation_id

    @cached_property
    def mailed(self) -> dict[str, int]:
        """A thread of the customer's that began by mail, a file of it, and a saved reply."""
        return mailed(self.victim, self.case.order_id)

    @cached_property
    def key(self) -> int:
        """An API key of the customer's."""
        return create_api_key(self.victim, label="theirs")[0]

    @cached_property
    def more(self) -> dict[str, int]:
        """An incident and somebody's saved view."""
        return more_of_the_desk()

    @cached_property
    def asked(self) -> int:
        """An order that waits for its customer."""
        number = staff_order(self.victim).id
        ask_customer(self.staff[Role.AGENT], number, "Which colour?", about="brief")
        return number

    @cached_property
    def mail(self) -> int:
        """A mail to the customer."""
        write_due()
        return int(fetch_all("SELECT max(id) AS id FROM notices_mail")[0]["id"])

    @cached_property
    def notice(self) -> int:
        """What the customer was told in the dashboard."""
        placed(self.victim)
        write_due()
        return int(
            fetch_all("SELECT max(id) AS id FROM notices_notice WHERE customer_id = %s", [self.victim.id])[0]["id"]
        )

    @cached_property
    def secret(self) -> str:
        """A one-time link, or a wrong one where there is an operator already."""
        return (operator_link() or "/welcome/none").rpartition("/")[2]

    def values(self, route: Route) -> Form:
        """What the address of a route names."""
        name = route.name.partition(":")[2]
        orders = {"cancel": self.pending, "stop": self.working, "read_cancel": self.pending} | {
            "cancel_order": self.pending, "stop_order": self.working, "refund": self.working,
            "refund_gives": self.working, "refund_send": self.working, "ask_refund": self.working,
            "read_refund": self.working,
        }  # fmt: skip
        order_id = orders.get(name, self.case.order_id)
        if name.startswith("work_"):
            order_id = self.stopping if name == "work_stop" else self.staffed
        if name in ("rework", "accept", "ask_rework", "ask_again", "accept_delivery", "read_rework", "list_deliveries"):
            order_id = self.finished
        if name == "work_rework":
            row = rework(self.rework)
            order_id = row.order_id if row else 0
        case = self.decided if name in ("case_approve", "case_send_back") else self.case
        known = {
            "order_id": order_id, "case_id": case.id, "deposit_id": self.deposit.id, "file_id": self.file,
            "conversation_id": self.talk, "key_id": self.key, "mail_id": self.mail, "notice_id": self.notice,
            "code": "TT-ADS", "service_id": self.service.id, "batch_id": self.batch, "version": "1.0", "version_id": 1,
            "secret": self.secret, "person_id": self.victim.id, "approval_id": self.approval,
            "dispute_id": self.disputed.id, "format": "csv", "service": "mailgun",
            "provider_id": self.provider, "rework_id": self.rework,
        }  # fmt: skip
        known |= self.more | self.mailed
        if name in ("talk_original", "talk_link"):
            known["conversation_id"] = self.mailed["thread_id"]
        if name == "order_correct":
            known["order_id"] = self.asked
        if name == "person_role":
            known["person_id"] = self.staff[Role.AGENT].id
        return {want: known[want] for want in route.wants if want in known}

    def address(self, route: Route, **others: Any) -> str:
        """The address of a route; `others` replace what it names."""
        values = self.values(route) | {name: value for name, value in others.items() if name in route.wants}
        if route.room == "api":
            query = "?reason=not_delivered" if route.name == "api:read_refund" else ""
            return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), route.pattern) + query
        if route.name == "account_confirm_email":
            return "/account/confirm-email/MQ:1abc:xyz/"
        if route.name == "account_reset_password_from_key":
            return "/account/password/reset/key/1-abc/"
        return reverse(route.name, kwargs=values)

    def upload(self) -> Form:
        """A file as the API takes it."""
        return {"file": SimpleUploadedFile("note.txt", b"a text")}

    def form(self, name: str) -> Form:
        """The form of a route as a page of ours would send it, fresh each time."""
        made = FORMS[name]
        return dict(made(self)) if callable(made) else dict(made)


def _order(ground: Ground) -> Form:
    return {
        "key": new_key(), "terms_version": "1", "policy_version_id": "1", "quantity": "100", "link": ADS_ACCOUNT,
        "brief": "", "texts": "", "runs": "", "interval_minutes": "", "start_now": "", "file_ids": str(ground.file),
    }  # fmt: skip


def _version(ground: Ground, **fields: str) -> Form:
    return {"version": str(ground.case.version), **fields}


def _upload(**fields: str) -> Form:
    return {"upload": SimpleUploadedFile("note.txt", b"a text"), **fields}


def _handover(**fields: str) -> Form:
    more = {
        "links": "https://drive.google.com/file/d/1a2b3c",
        "file_ids": "",
        "proof": "Seen on the page.",
        "proof_ids": "",
    }
    return _upload(**fields) | more


PASSWORD = "a long pass phrase 77"
_WRITE = {"kind": "message", "body": "A line."}
FORMS: dict[str, Form | Callable[[Ground], Form]] = {
    "language": {"language": "vi", "next": "/"},
    "welcome": lambda _: {"email": f"{new_key()}@example.test", "name": "First", "password": PASSWORD},
    "dashboard:price": _order,
    "dashboard:upload": lambda ground: _order(ground) | _upload(),
    "dashboard:place": _order,
    "dashboard:mass_check": lambda _: {"key": new_key(), "lines": f"TT-ADS | {ADS_ACCOUNT} | 50"},
    "dashboard:batch_place": {"which": "all"},
    "dashboard:view_save": {"name": "Mine", "show": "live", "q": "", "service": "", "from": "", "to": ""},
    "dashboard:view_delete": lambda ground: {"view": str(ground.view)},
    "dashboard:cancel": lambda _: {"key": new_key()},
    "dashboard:stop": {},
    "dashboard:rework": lambda _: {"key": new_key(), "reason": "Page two is missing."},
    "dashboard:accept": {},
    "dashboard:refund_send": lambda _: {"key": new_key(), "reason": "not_delivered", "words": "It never came.", "file_ids": ""} | _upload(),
    "dashboard:order_write": {"body": "A line."},
    "dashboard:case_add": {"words": "One thing more."},
    "dashboard:case_withdraw": {},
    "dashboard:case_contest": lambda _: {"key": new_key(), "words": "Look again."},
    "dashboard:deposit_ask": lambda _: {"credits": "12.50", "key": new_key()},
    "dashboard:deposit_cancel": {},
    "dashboard:help_write": {"body": "A line."},
    "dashboard:thread_write": {"body": "A line."},
    "dashboard:data_erase": lambda ground: {"email": ground.victim.email, "credits": ""},
    "dashboard:data_keep": {},
    "desk:customer_erase": {},
    "notices:mail_write": {"sender": "somebody@example.test", "subject": "Hello", "body": "A line."},
    "notices:mail_reply": {"body": "A line."},
    "dashboard:notices_read": {},
    "dashboard:notice_choices_save": {"topics": "orders"},
    "dashboard:settings_save": {"name": "Somebody", "language": "en"},
    "dashboard:key_create": {"label": "mine", "days": "30", "scopes": "read"},
    "dashboard:key_revoke": {},
    "desk:case_claim": lambda ground: _version(ground, claim="fulfilment_fault", proof="refuted", evidence="Seen."),
    "desk:case_delivered": lambda ground: _version(ground, delivered="10", evidence="Counted."),
    "desk:case_decide": lambda ground: _version(ground, why="As found."),
    "desk:case_approve": lambda ground: {"version": str(ground.decided.version)},
    "desk:case_send_back": lambda ground: {"version": str(ground.decided.version), "why": "Look again."},
    "desk:case_write": _WRITE,
    "desk:case_override": lambda ground: _version(ground, answer="3.1:deny:none", why="As agreed."),
    "desk:cases_bulk": lambda ground: {"case": str(ground.case.id)},
    "desk:cases_bulk_decide": lambda ground: {"seen": f"{ground.case.id}:{ground.case.version}:0"},
    "desk:view_keep": {"room": "cases", "name": "mine", "query": "show=late"},
    "desk:view_drop": {"room": "cases"},
    "desk:incident_declare": {"scope": "service:SP-CHAT", "title_en": "Slow", "title_vi": "Chậm", "text_en": "We look.", "text_vi": "Đang xem."},
    "desk:incident_tell": {"text_en": "Still.", "text_vi": "Vẫn vậy."},
    "desk:incident_end": {"text_en": "Over.", "text_vi": "Xong."},
    "desk:business_days_set": {"day": "2028-03-01", "kind": "off", "why_en": "A day off", "why_vi": "Nghỉ", "reason": "A decree."},
    "desk:order_ask": {"about": "answer", "body": "Which one?"},
    "desk:order_customer_error": {"claim": "wrong_information", "evidence": "The page is gone."},
    "desk:customer_look": {},
    "desk:look_end": {},
    "dashboard:order_correct": {"words": "The blue one.", "link": "", "brief": ""},
    "desk:case_goodwill": lambda _: {"key": new_key(), "credits": "1.5", "days": "30", "reason": "Sorry."},
    "desk:work_take": {},
    "desk:work_assign": lambda ground: {"what": "hand", "to": str(ground.staff[Role.OPERATOR].id), "note": "Half done."},
    "desk:work_progress": lambda _: _handover(units="3", note="So far."),
    "desk:work_finish": lambda _: _handover(note="Done."),
    "desk:work_rework": lambda _: _handover(note="Again.", answer="finish", why=""),
    "desk:work_refuse": {"why": "We can't."},
    "desk:work_give_up": {"why": "We can't."},
    "desk:work_stop": {"answer": "go_on", "why": "Too late."},
    "desk:work_write": _WRITE,
    "desk:order_presume": {"evidence": "Nobody knows it."},
    "desk:order_found": {"remote_id": "77", "evidence": "It is there."},
    "desk:order_refuse": {"why": "We can't."},
    "desk:order_give_up": {"why": "We can't."},
    "desk:order_write": _WRITE,
    "desk:talk_reply": _WRITE,
    "desk:talk_writing": {},
    "desk:talk_assign": lambda ground: {"what": "hand", "colleague": str(ground.staff[Role.OPERATOR].id)},
    "desk:talk_link": lambda ground: {"order": str(ground.case.order_id)},
    "desk:talk_settle": {},
    "desk:attachment_evidence": {},
    "desk:reply_save": lambda _: {"title": new_readable_code(8), "body_en": "Hello {name}", "body_vi": "Chào {name}", "reply": ""},
    "desk:reply_drop": {},
    "desk:mail_resend": {},
    "desk:deposit_confirm": lambda ground: {"received": str(ground.deposit.money), "why": ""},
    "desk:deposit_decline": {"why": "No money came."},
    "desk:person_add": lambda _: {"email": f"{new_key()}@example.test", "name": "New", "role": "agent", "language": "en"},
    "desk:person_role": {"role": "auditor"},
    "desk:customer_give": lambda _: {"key": new_key(), "kind": "bonus", "credits": "2", "days": "", "reason": "Hello."},
    "desk:order_look": {},
    "desk:provider_switch": {"on": "1"},
    "desk:provider_breaker": {},
    "desk:provider_word": lambda ground: {"word": str(ground.word), "meaning": "own_error"},
    "desk:provider_limits": {"calls_per_minute": "60", "low_balance": "5.00", "currency": "25"},
    "desk:provider_offer": {"service": "TT-ADS", "remote_service": "771", "unit_cost": "0.90"},
    "desk:provider_secret": {},
    "desk:catalogue_categories": {"name": "Advertising", "vi-0": "Quảng cáo", "at-0": "0"},
    "desk:service_add": lambda ground: cells_of(ground.service) | {"code": f"T-{new_readable_code(8)}", "link_kinds": "site"},
    "desk:service_preview": lambda ground: cells_of(ground.service) | {"link_kinds": "site"},
    "desk:service_save": lambda ground: cells_of(ground.service) | {"link_kinds": "site", "version": "1", "name_en": "Other"},
    "desk:service_availability": {"active": "yes"},
    "desk:service_price": lambda ground: {"customer": str(ground.victim.id), "price": "2.5", "reason": "Many orders.", "back": ""},
    "desk:catalogue_check": lambda ground: {"source": catalogue_text(ground.service), "upload": ""},
    "desk:catalogue_run": lambda ground: {"source": catalogue_text(ground.service), "which": "all", "upload": ""},
    "desk:customer_account": {"what": "frozen", "why": "A look."},
    "desk:approval_approve": {"credits": "5"},
    "desk:approval_refuse": {"why": "Too much."},
    "desk:deposit_dispute": {"document": "Notice 78", "why": "The bank took it back."},
    "desk:dispute_propose": {"end": "restored"},
    "desk:dispute_confirm": {"end": "restored"},
    "desk:policy_check": {"source": "version = 1"},
    "desk:policy_live": {"source": "version = 1"},
    "desk:policy_activate": {"source": "version = 1", "why": "Better."},
    "account_login": lambda ground: {"login": ground.victim.email, "password": PASSWORD, "remember": "on"},
    "account_logout": {},
    "account_signup": lambda _: {"email": f"{new_key()}@example.test", "name": "New", "password1": PASSWORD},
    "account_reauthenticate": {"password": PASSWORD},
    "account_email": {"email": "other@example.test", "action_add": ""},
    "account_change_password": {"oldpassword": PASSWORD, "password1": PASSWORD + "x", "password2": PASSWORD + "x"},
    "account_set_password": {"password1": PASSWORD, "password2": PASSWORD},
    "account_reset_password": lambda ground: {"email": ground.victim.email},
    "account_confirm_login_code": {"code": "123456"},
    "account_confirm_email": {},
    "account_reset_password_from_key": {"password1": PASSWORD, "password2": PASSWORD},
    "mfa_authenticate": {"code": "123456"},
    "mfa_reauthenticate": {"code": "123456"},
    "mfa_activate_totp": {"code": "123456"},
    "mfa_deactivate_totp": {},
    "mfa_generate_recovery_codes": {},
}  # fmt: skip

BODIES: dict[str, Form] = {
    "api:make_quote": {"service": "TT-ADS", "quantity": 100, "link": ADS_ACCOUNT},
    "api:place_order": {"service": "TT-ADS", "quantity": 100, "link": ADS_ACCOUNT},
    "api:write_message": {"text": "A line."},
    "api:ask_again": {"reason": "Page two is missing."},
    "api:ask_refund": {"reason": "not_delivered", "words": "It never came."},
    "api:add_note": {"words": "One thing more."},
    "api:contest_case": {"words": "Look again."},
    "api:make_transfer": {"kind": "bank", "credits": "1"},
    "api:make_deposit": {"credits": "12.5"},
}


def fingerprint() -> dict[str, str]:
    """What money, orders, cases, deposits, people, keys and messages are there: the same before and after a refusal.

    Of files those that an order has: a refused form keeps its uploads for its sender, who need not choose them again.
    """
    whole = (
        "credits_account", "credits_transfer", "credits_grant", "credits_charge", "deposits_deposit", "refunds_case",
        "credits_approval", "credits_account_event", "deposits_dispute", "refunds_claim", "refunds_event", "orders_event", "support_message", "policy_version",
    )  # fmt: skip
    parts = {
        "orders_order": "id, status, delivered, stop_status, waiting_since",
        "orders_file": "id, order_id",
        "accounts_user": "id, email, name, role, password, language",
        "accounts_api_key": "id, user_id, revoked_at",
    }
    rows = dict.fromkeys(whole, "t.*") | parts
    only = {"orders_file": "WHERE order_id IS NOT NULL"}
    union = " UNION ALL ".join(
        f"SELECT '{table}', count(*) || ':' || coalesce(sum(hashtext(row({columns})::text)), 0) FROM {table} t {only.get(table, '')}"
        for table, columns in rows.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(union)
        return dict(cursor.fetchall())
