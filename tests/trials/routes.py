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
from smmatic.kernel.database import fetch_all
from smmatic.notices.sweep import write_due
from smmatic.orders.actions import keep_file
from smmatic.refunds.actions import ask_stop
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.review_actions import decide, set_claim
from smmatic.support.actions import post_message
from tests.api.clients import secret_of
from tests.builders import ADS_ACCOUNT, begun, customer, new_key, person, placed
from tests.web.desk.builders import BACKEND, deposit, reviewed_case, staff_order

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
    def file(self) -> int:
        """A file that the customer uploaded."""
        return keep_file(self.victim, name="brief.txt", content=b"my brief").id

    @cached_property
    def talk(self) -> int:
        """A conversation about nothing in particular."""
        return post_message(self.victim, None, "Hello").conversation_id

    @cached_property
    def key(self) -> int:
        """An API key of the customer's."""
        return create_api_key(self.victim, label="theirs")[0]

    @cached_property
    def mail(self) -> int:
        """A mail to the customer."""
        write_due()
        return int(fetch_all("SELECT max(id) AS id FROM notices_mail")[0]["id"])

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
        case = self.decided if name in ("case_approve", "case_send_back") else self.case
        known = {
            "order_id": order_id, "case_id": case.id, "deposit_id": self.deposit.id, "file_id": self.file,
            "conversation_id": self.talk, "key_id": self.key, "mail_id": self.mail, "code": "TT-ADS",
            "version": "1.0", "version_id": 1, "secret": self.secret, "person_id": self.victim.id,
        }  # fmt: skip
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


PASSWORD = "a long pass phrase 77"
_WRITE = {"kind": "message", "body": "A line."}
FORMS: dict[str, Form | Callable[[Ground], Form]] = {
    "language": {"language": "vi", "next": "/"},
    "welcome": lambda _: {"email": f"{new_key()}@example.test", "name": "First", "password": PASSWORD},
    "dashboard:price": _order,
    "dashboard:upload": lambda ground: _order(ground) | _upload(),
    "dashboard:place": _order,
    "dashboard:cancel": lambda _: {"key": new_key()},
    "dashboard:stop": {},
    "dashboard:refund_send": lambda _: {"key": new_key(), "reason": "not_delivered", "words": "It never came.", "file_ids": ""} | _upload(),
    "dashboard:order_write": {"body": "A line."},
    "dashboard:case_add": {"words": "One thing more."},
    "dashboard:case_withdraw": {},
    "dashboard:case_contest": lambda _: {"key": new_key(), "words": "Look again."},
    "dashboard:deposit_ask": lambda _: {"credits": "12.50", "key": new_key()},
    "dashboard:deposit_cancel": {},
    "dashboard:help_write": {"body": "A line."},
    "dashboard:settings_save": {"name": "Somebody", "language": "en"},
    "dashboard:key_create": {"label": "mine", "days": "30", "scopes": "read"},
    "dashboard:key_revoke": {},
    "desk:case_claim": lambda ground: _version(ground, claim="fulfilment_fault", proof="refuted", evidence="Seen."),
    "desk:case_delivered": lambda ground: _version(ground, delivered="10", evidence="Counted."),
    "desk:case_decide": lambda ground: _version(ground, why="As found."),
    "desk:case_approve": lambda ground: {"version": str(ground.decided.version)},
    "desk:case_send_back": lambda ground: {"version": str(ground.decided.version), "why": "Look again."},
    "desk:case_write": _WRITE,
    "desk:case_goodwill": lambda _: {"key": new_key(), "credits": "1.5", "days": "30", "reason": "Sorry."},
    "desk:work_take": {},
    "desk:work_progress": lambda _: _upload(units="3", note="So far.", file_ids=""),
    "desk:work_finish": lambda _: _upload(note="Done.", file_ids=""),
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
    "desk:deposit_confirm": lambda ground: {"received": str(ground.deposit.money), "why": ""},
    "desk:deposit_decline": {"why": "No money came."},
    "desk:person_add": lambda _: {"email": f"{new_key()}@example.test", "name": "New", "role": "agent", "language": "en"},
    "desk:person_role": {"role": "auditor"},
    "desk:customer_give": lambda _: {"key": new_key(), "kind": "bonus", "credits": "2", "days": "", "reason": "Hello."},
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
    "api:ask_refund": {"reason": "not_delivered", "words": "It never came."},
    "api:add_note": {"words": "One thing more."},
    "api:contest_case": {"words": "Look again."},
    "api:make_transfer": {"kind": "bank", "credits": "1"},
    "api:make_deposit": {"credits": "12.5"},
}


def fingerprint() -> dict[str, str]:
    """What money, orders, cases, deposits, people, keys and messages are there: the same before and after a refusal."""
    whole = (
        "credits_account", "credits_transfer", "credits_grant", "credits_charge", "deposits_deposit", "refunds_case",
        "refunds_claim", "refunds_event", "orders_event", "support_message", "policy_version",
    )  # fmt: skip
    parts = {
        "orders_order": "id, status, delivered, stop_status, waiting_since",
        "orders_file": "id, order_id",
        "accounts_user": "id, email, name, role, password, language",
        "accounts_api_key": "id, user_id, revoked_at",
    }
    rows = dict.fromkeys(whole, "t.*") | parts
    union = " UNION ALL ".join(
        f"SELECT '{table}', count(*) || ':' || coalesce(sum(hashtext(row({columns})::text)), 0) FROM {table} t"
        for table, columns in rows.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(union)
        return dict(cursor.fetchall())
