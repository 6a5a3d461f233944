"""A customer who has lived in the shop: something of theirs, or about them, stands wherever words can stand."""

import json
import uuid
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core import mail as django_mail
from django.test import Client

from smmatic.accounts.actions import create_api_key, save_profile
from smmatic.accounts.desk_actions import keep_view
from smmatic.accounts.queries import Person, person
from smmatic.accounts.rules import Role
from smmatic.catalogue.actions import set_customer_price
from smmatic.catalogue.queries import service_by_code
from smmatic.catalogue.steps import keep_deliverable
from smmatic.credits.account_actions import set_account
from smmatic.credits.actions import GiftLimits, give_credits
from smmatic.credits.approval_actions import give_or_ask, refuse_gift
from smmatic.deposits.actions import confirm_deposit, request_deposit
from smmatic.deposits.dispute_actions import confirm_end, open_dispute, propose_end
from smmatic.deposits.models import DepositEvent
from smmatic.fulfilment import rework_actions as rework
from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.callback_actions import take_callback
from smmatic.fulfilment.models import Attempt, ProviderWord
from smmatic.fulfilment.provider_actions import say_meaning
from smmatic.fulfilment.wording import NO_CAUSE
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute, fetch_all
from smmatic.kernel.sheets import read_lines
from smmatic.notices import sweep
from smmatic.orders.actions import keep_file
from smmatic.orders.mass_actions import carry_on, check_batch, confirm_batch
from smmatic.orders.steps import PROVIDER, lock_order, record
from smmatic.orders.view_actions import save_view
from smmatic.refunds.actions import cancel, end_order, request_refund
from smmatic.refunds.override_actions import answers, override
from smmatic.refunds.queries import case as case_by_id
from smmatic.refunds.queries import open_case
from smmatic.refunds.review_actions import approve, decide, set_claim
from smmatic.refunds.situations import situation_of
from smmatic.refunds.steps import record_case
from smmatic.support.actions import post_message, staff_message, staff_reply
from smmatic.support.intake_actions import receive, sort_due
from tests.builders import begun, new_key, placed, reread
from tests.builders import person as made_person
from tests.canaries import CANARY, LINK
from tests.mail.writing import letter


def lived(who: Person, agent: Person, operator: Person) -> dict[str, int]:
    """A customer with something of everything that people can write, all of it ended."""
    save_profile(who, name=f"Nguyễn {CANARY}", language="vi")
    who = person(who.id) or who
    EmailAddress.objects.create(user_id=who.id, email=who.email, verified=True, primary=True)
    other_addresses(who)
    signed_in(who)
    create_api_key(who, label=f"Key of {CANARY}")
    save_view(who, f"my {CANARY}", f"q={CANARY}")
    Authenticator.objects.create(user_id=who.id, type="totp", data={"secret": CANARY})
    keep_view(agent, room="cases", name=f"Nguyễn {CANARY} again", query="show=late")
    keep_view(agent, room="orders", name=f"about {CANARY}", query=f"q={CANARY}%40example.test")
    file = keep_file(who, name=f"{CANARY}.txt", content=f"brief of {CANARY}".encode())
    first = placed(who, "ANY-TRANS", 3, link="", brief=f"Brief about {CANARY}", file_ids=[file.id])
    cancel(who, first.id, key=f"key-{CANARY}")
    second = begun(who, delivered=40)
    post_message(who, second.id, f"It is {CANARY} again")
    staff_message(agent, second.id, f"Note on {CANARY}", internal=True)
    staff_message(agent, second.id, f"Dear {CANARY}")
    record(
        second.id,
        "flagged",
        actor=PROVIDER,
        why=f"says {CANARY}",
        facts={"words": CANARY, "answer": "x"},
        visible=False,
    )
    end_order(second.id, "completed", actor=PROVIDER, delivered=second.quantity)
    asked = request_refund(who, second.id, reason_code="not_delivered", words=f"I, {CANARY}, waited.", key=new_key())
    case_id = asked.case_id
    assert case_id is not None
    row = case_by_id(case_id)
    if row is not None and row.state == "in_review":
        set_claim(
            agent,
            case_id,
            claim="fulfilment_fault",
            proof="verified",
            evidence=f"{CANARY}'s screenshot",
            version=row.version,
        )
        row = case_by_id(case_id)
        assert row is not None
        decide(agent, case_id, version=row.version, why=f"As {CANARY} says")
    deposit = request_deposit(who, 100 * UNITS, new_key()).deposit
    confirm_deposit(operator, deposit.id, received=2_500_000, why=f"from {CANARY}'s bank")
    give_credits(
        operator, who.id, kind="goodwill", units=UNITS, reason=f"Sorry, {CANARY}", key=new_key(),
        limits=GiftLimits(500 * UNITS, 2000 * UNITS, now() - timedelta(days=30)),
    )  # fmt: skip
    quoted = f"A mail of {CANARY}\n\n> said {CANARY}"
    mail = letter(f"{CANARY} <{who.email}>", quoted, subject=f"About {CANARY}", Message_ID=f"<{CANARY}.1@mail.example>")
    mail.add_attachment(f"{CANARY}".encode(), maintype="text", subtype="plain", filename=f"{CANARY}.txt")
    receive(mail.as_bytes(), "page")
    sort_due(10_000)
    number = fetch_all("SELECT conversation_id AS n FROM support_inbound WHERE sender = %s", [who.email.lower()])[0][
        "n"
    ]
    staff_reply(agent, number, f"Answer to {CANARY}")
    django_mail.send_mail(f"For {CANARY}", f"link of {CANARY}", None, [who.email])
    while sweep.write_due(500):
        pass
    execute(
        "UPDATE notices_mail SET error = %s, reply_to = %s WHERE customer_id = %s", [f"550 {CANARY}", CANARY, who.id]
    )
    done_again(who, agent)
    many_at_once(who)
    said_by_a_provider(who, operator)
    decided_about(who, operator, deposit.id)
    decided_otherwise(who, agent)
    DepositEvent.objects.create(
        deposit_id=deposit.id, kind="noted", actor_kind="staff", actor_id=operator.id, facts={"payer": CANARY}
    )
    with atomic():
        record_case(case_id, "noted", actor=PROVIDER, facts={"words": CANARY})
    return {"order": second.id, "case": case_id, "cancelled": first.id}


def other_addresses(who: Person) -> None:
    """A second address that nobody verified, which wrote and was written to, and one that was given up since."""
    second, gone = f"{CANARY}.two@example.test", f"{CANARY}.gone@example.test"
    EmailAddress.objects.create(user_id=who.id, email=second, verified=False, primary=False)
    old = EmailAddress.objects.create(user_id=who.id, email=gone, verified=True, primary=False)
    django_mail.send_mail("Your link", f"link of {CANARY}", None, [second])
    django_mail.send_mail("Your link", f"link of {CANARY}", None, [gone])
    old.delete()
    receive(letter(second, f"{CANARY} from elsewhere").as_bytes(), "page")
    unread = letter(second, f"{CANARY} unread").as_bytes()
    receive(unread, "webhook", envelope=f"support+{CANARY}@example.test")
    execute("UPDATE support_inbound SET kind = 'unreadable', why = %s, bounced = %s WHERE envelope LIKE %s",
            [f"of {CANARY}", f"<{CANARY}@x>", f"%{CANARY}%"])  # fmt: skip


def signed_in(who: Person) -> None:
    """A session as a sign-in leaves it: with the address that was typed."""
    client = Client()
    client.force_login(get_user_model().objects.get(id=who.id))
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "email": who.email}]
    session.save()


def done_again(who: Person, agent: Person) -> None:
    """Reworks, one answered and one refused, of an order whose link names its customer."""
    order = begun(who, "FB-MOD", 5, link=LINK)
    end_order(order.id, "completed", actor=PROVIDER)
    listed = begun(who, "TS-UPLOAD", 10, link="https://shop.tiktok.com/view/shop/7495000000000000000")
    end_order(listed.id, "completed", actor=PROVIDER)
    number = rework.ask_rework(who, listed.id, f"{CANARY} wants it again", key=f"rework-{CANARY}")
    rework.refuse_rework(agent, number, f"Dear {CANARY}, no.")


def many_at_once(who: Person) -> None:
    """A mass order that was checked, not confirmed, and one that ran."""
    lines = f"FB-SCHED | {LINK} | 4 | 60\nNO-{CANARY} | x | 1"
    rows = read_lines(lines, field="lines", maximum_rows=100, separators="|")
    check_batch(who, rows, key=f"mass-{CANARY}", name=f"List of {CANARY}")
    texts = " // ".join(f"{CANARY} {number}" for number in range(5))
    rows = read_lines(f"FB-COPY | {LINK} | {texts}", field="lines", maximum_rows=100, separators="|")
    batch = check_batch(who, rows, key=new_key())
    confirm_batch(who, batch.id, all_or_nothing=True)
    assert carry_on(batch.id, seconds=10)
    made = fetch_all("SELECT id FROM orders_order WHERE customer_id = %s AND service_code = 'FB-COPY'", [who.id])
    cancel(who, made[0]["id"], key=new_key())


def said_by_a_provider(who: Person, operator: Person) -> None:
    """What a delivery partner answered and called back about the customer's orders, and words of it that got a meaning."""
    provider = ensure_provider(
        f"p-{new_key()}", adapter="webhook", base_url="https://provider.example/in", active=False
    )
    keep_deliverable(None)  # as in every test: services can be ordered
    order = begun(who)
    end_order(order.id, "completed", actor=PROVIDER)
    attempt = Attempt.objects.create(
        order_id=order.id, provider_id=provider.id, number=1, reference=uuid.uuid4(), state="confirmed",
        remote_id=new_key(), answer={"words": f"{CANARY} is private", "more": [{"name": CANARY}]},
    )  # fmt: skip
    told = {"id": attempt.remote_id, "reference": str(attempt.reference), "status": "completed", "delivered": 100}
    for data in (told | {"message": CANARY}, {"id": "x", "reference": "y", "status": "failed", "link": LINK}):
        body = {"type": "order.updated", "timestamp": now().isoformat(), "data": data}
        take_callback(provider, new_key(), json.dumps(body).encode())
    word = f"{LINK.removeprefix('https://www.')} is private".lower()
    ProviderWord.objects.create(provider_id=provider.id, place="end", word=word, heard=1)
    row = ProviderWord.objects.get(provider_id=provider.id)
    say_meaning(operator, provider.id, row.id, NO_CAUSE)


def decided_about(who: Person, operator: Person, deposit_id: int) -> None:
    """A dispute, a gift that a second person refused, a frozen account and a price of one's own, each with its reason."""
    second, limits = made_person(Role.OPERATOR), GiftLimits(UNITS, UNITS, now() - timedelta(days=30))
    dispute = open_dispute(operator, deposit_id, document=f"Notice about {CANARY}", why=f"{CANARY}'s bank says so")
    propose_end(operator, dispute.id, end="restored")
    confirm_end(second, dispute.id, end="restored")
    asked = give_or_ask(
        operator, who.id, kind="bonus", units=5 * UNITS, reason=f"For {CANARY}", key=f"gift-{CANARY}", limits=limits
    )
    assert asked.approval_id is not None
    refuse_gift(second, asked.approval_id, why=f"Not for {CANARY}")
    set_account(operator, who.id, "frozen", why=f"{CANARY} asked")
    set_account(operator, who.id, "reopened", why=f"{CANARY} is back")
    service = service_by_code("TT-ADS")
    assert service is not None
    set_customer_price(operator, who.id, service.id, "0.5", f"Agreed with {CANARY}")


def decided_otherwise(who: Person, agent: Person) -> None:
    """A case that two people decided otherwise than the policy, with their reason."""
    order = begun(who, delivered=40)
    request_refund(who, order.id, reason_code="not_delivered", words="It stopped.", key=new_key())
    row = open_case(order.id)
    assert row is not None
    set_claim(agent, row.id, claim="fulfilment_fault", proof="refuted", evidence="It runs.", version=row.version)
    row = case_by_id(row.id)
    assert row is not None
    with atomic():
        answer = answers(situation_of(lock_order(order.id)), row.ask)[0].key
    row = override(agent, row.id, answer=answer, why=f"{CANARY} was promised it", version=row.version)
    if row.state == "approved":
        approve(made_person(Role.APPROVER), row.id, version=row.version)
    if reread(order.id).live:
        end_order(order.id, "completed", actor=PROVIDER)
