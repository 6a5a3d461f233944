"""Takes mails in: each once, into its conversation. A mail authorises nothing, whoever it says it is from.

How a conversation is found, and what that proves ('proof' of the message):

- signed: it came to the conversation's signed reply address, or answers a Message-ID of ours, from the party's address;
- other: the same, from another address: shown, and marked;
- verified: a new mail whose From is the verified address of a customer; From is forgeable, so it changes nothing;
- unknown: anybody else: a conversation without a customer, which shows no account data.
"""

import logging
import re

from django.conf import settings

from smmatic.accounts.queries import Person, customer_by_verified_address, person
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal
from smmatic.orders import steps as orders
from smmatic.orders.files import check_file
from smmatic.orders.queries import order_of
from smmatic.refunds import steps as refunds
from smmatic.support import steps
from smmatic.support.models import Attachment, Conversation, Inbound
from smmatic.support.reading import Attached, Received, read_mail
from smmatic.support.reply_address import signed_conversation

_log = logging.getLogger(__name__)
OURS = "X-SMMATIC-Mail"
"""Header of every mail that we send (see notices/delivery.py)."""

MAX_MAIL_BYTES = 26_214_400
MAX_FILES = 10
_ORDER_NUMBER = re.compile(r"(?:order|đơn hàng|đơn|#)\s*#?\s*([1-9][0-9]{0,17})\b", re.IGNORECASE)
_VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)


def take_in(raw: bytes, source: str) -> str:
    """Takes one mail in; what it was: message, automatic, bounce, own, unreadable, or 'twin' of one taken in before.

    Safe to repeat: the second copy of a mail only counts itself. A mail that fails in the work is kept whole as
    'unreadable', for a person to read at the desk.

    Args:
        raw: the mail as it came.
        source: how it came: 'imap', 'webhook' or 'page'.
    """
    mail = read_mail(raw[:MAX_MAIL_BYTES], our_header=OURS)
    with atomic():
        row = steps.record_inbound(mail, source)
        if row is None:
            return "twin"
        try:
            with atomic():
                row.kind = _sort(mail, row)
        except Exception:
            _log.exception("mail %s could not be sorted", row.id)
            row.kind, row.raw = "unreadable", raw[:MAX_MAIL_BYTES]
        row.save(update_fields=["kind", "raw", "conversation", "message_ref"])
    return row.kind


def _sort(mail: Received, row: Inbound) -> str:
    if mail.ours:
        return "own"
    conversation = _signed(mail)
    if mail.bounced:
        if conversation is None:
            conversation = Conversation.objects.filter(id=_named(mail.bounced) or 0).first()
        if conversation is not None:
            _note(conversation, row, f"A mail to the other side came back: {mail.subject}")
        return "bounce"
    proof = ""
    customer: Person | None = None
    if conversation is not None:
        customer = person(conversation.customer_id) if conversation.customer_id else None
        party = customer.email if customer else conversation.address
        proof = "signed" if mail.sender == party.lower() else "other"
    if mail.automatic:
        if conversation is not None:
            _note(conversation, row, f"An automatic answer ({mail.automatic}): {mail.body[:2000] or mail.subject}")
        return "automatic"
    if conversation is None:
        conversation, customer, proof = _found(mail)
    _write(mail, row, conversation, customer, proof)
    return "message"


def _signed(mail: Received) -> Conversation | None:
    number = signed_conversation(mail.recipients, mail.answers, settings.SECRET_KEY)
    return Conversation.objects.filter(id=number).first() if number is not None else None


def _named(message_id: str) -> int | None:
    return signed_conversation("", message_id, settings.SECRET_KEY)


def _found(mail: Received) -> tuple[Conversation, Person | None, str]:
    """The conversation of a mail without a signed address: by what it answers, else a new one."""
    customer = customer_by_verified_address(mail.sender) if mail.sender else None
    proof = "verified" if customer else "unknown"
    ids = re.findall(r"<[^<>\s]{3,300}>", mail.answers)
    earlier = (
        Inbound.objects.filter(message_id__in=ids, sender=mail.sender, kind="message")
        .exclude(conversation=None)
        .order_by("-id")
        .first()
        if ids and mail.sender
        else None
    )
    if earlier is not None and earlier.conversation is not None:
        return earlier.conversation, customer, proof
    if customer is not None:
        order_id = _own_order(customer, mail.subject)
        if order_id is not None:
            return steps.open_conversation(customer.id, order_id), customer, proof
    language = customer.language if customer else ("vi" if _VIETNAMESE.search(mail.subject + mail.body) else "en")
    made = Conversation.objects.create(
        customer_id=customer.id if customer else None, address=mail.sender, name=mail.name, language=language,
        topic=mail.subject or "-", origin="mail",
    )  # fmt: skip
    made.refresh_from_db()
    return made, customer, proof


def _own_order(customer: Person, subject: str) -> int | None:
    """An order of the customer's own that the subject names."""
    for number in _ORDER_NUMBER.findall(subject)[:3]:
        try:
            found = order_of(customer, int(number))
        except Refusal:
            continue
        if found.customer_id == customer.id:
            return found.id
    return None


def _write(mail: Received, row: Inbound, conversation: Conversation, customer: Person | None, proof: str) -> None:
    """Adds the message. Only a signed one from the customer's own address counts as the answer that an order waits for."""
    answers = proof == "signed" and customer is not None and conversation.order_id is not None
    if answers and conversation.order_id is not None and customer is not None:
        refunds.lock_open_case(conversation.order_id)
        order = orders.lock_order(conversation.order_id)
        steps.go_on(order, customer)
    locked = steps.lock_conversation(conversation.id)
    written = steps.write(
        locked, "customer", customer.id if customer else None, mail.body or mail.subject or "-", waiting_for="staff",
        channel="mail", proof=proof, sender=mail.sender, quoted=mail.quoted,
    )  # fmt: skip
    for one in mail.attachments[:MAX_FILES]:
        _keep(one, written.id, locked, customer, proof)
    row.conversation, row.message_ref = locked, written.id


def _keep(one: Attached, message_id: int, conversation: Conversation, customer: Person | None, proof: str) -> None:
    """Keeps a file: judged by its content, renamed, capped. What is refused is named, so that nobody waits for it."""
    try:
        checked = check_file(one.name, one.content, maximum_bytes=settings.SMMATIC_MAX_FILE_BYTES)
    except Refusal as refused:
        Attachment.objects.create(
            message_ref=message_id, name=re.sub(r"[^\w. \-]+", "_", one.name)[:120] or "file",
            size=len(one.content), refused=refused.code.value,
        )  # fmt: skip
        return
    file_id = None
    if customer is not None and conversation.order_id is not None and proof in ("signed", "verified"):
        file_id = orders.keep_evidence(customer.id, conversation.order_id, checked)
    Attachment.objects.create(
        message_ref=message_id, name=checked.name, media_type=checked.media_type, size=len(checked.content),
        sha256=checked.sha256, file_id=file_id, content=None if file_id else checked.content,
    )  # fmt: skip


def _note(conversation: Conversation, row: Inbound, text: str) -> None:
    """A line for staff that answers nobody and wakes nobody."""
    locked = steps.lock_conversation(conversation.id)
    written = steps.write(locked, "system", None, text, internal=True, waiting_for=None, channel="mail")
    row.conversation, row.message_ref = locked, written.id
