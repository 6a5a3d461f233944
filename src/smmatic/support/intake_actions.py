"""Takes mails in: each once, into its conversation. A mail authorises nothing, whoever it says it is from.

`receive` records a mail before anything else is done with it or to the mailbox; `sort_due` puts what is recorded into
conversations. Killed anywhere between, both are simply done again.

How a message's sender is known (`proof`):

- signed: it came to the conversation's signed reply address, or answers a Message-ID of ours, from the party's address;
- other: the same, from another address: shown, and marked;
- verified: a new mail whose From is a customer's verified address, which our own mail server vouches for;
- claimed: the same without anybody vouching. From is forgeable, so it changes nothing and proves nothing;
- unknown: anybody else, a forged reply address too: a conversation without a customer, which shows no account data.
"""

import hashlib
import logging
import re
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, Q

from smmatic.accounts.queries import Person, customer_by_verified_address, person
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal
from smmatic.orders import steps as orders
from smmatic.orders.files import check_file
from smmatic.orders.queries import order_of
from smmatic.refunds import steps as refunds
from smmatic.support import steps
from smmatic.support.models import Attachment, Conversation, Inbound
from smmatic.support.reading import Attached, Received, read_mail, vouched
from smmatic.support.reply_address import is_ours, signed_conversation

_log = logging.getLogger(__name__)
OURS = "X-SMMATIC-Mail"
"""Header of every mail that we send."""

MAX_MAIL_BYTES = 40_000_000
MAX_FILES = 10
RETRY_AFTER = timedelta(seconds=20)
MAX_ATTEMPTS = 3
"""Times that a mail is tried to be sorted, counted before each: one that kills the worker does so no more often."""

PROVEN = ("signed", "verified")
_ORDER_NUMBER = re.compile(r"(?:order|đơn hàng|đơn|#)\s*#?\s*([1-9][0-9]{0,17})\b", re.IGNORECASE)
_VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)


def receive(raw: bytes, source: str, *, envelope: str = "") -> bool:
    """Records one mail as it came; whether it is new. A copy of one recorded before is only counted.

    Args:
        raw: the mail; what is longer than MAX_MAIL_BYTES is cut off.
        source: how it came: 'imap', 'webhook' or 'page'.
        envelope: to whom it was delivered, where that is known apart from its headers.
    """
    raw = raw[:MAX_MAIL_BYTES]
    row = Inbound(
        digest=hashlib.sha256(raw).digest(), envelope=" ".join(envelope.replace("\x00", "").split())[:1000],
        source=source, kind="new", raw=raw,
    )  # fmt: skip
    try:
        mail = read_mail(raw, our_header=OURS)
        row.digest, row.header_id = mail.digest, mail.message_id[:320]
        row.sender, row.subject = mail.sender[:320], mail.subject
    except Exception:
        _log.exception("a mail could not be read")  # it is kept as it is, for a person
    try:
        with atomic():
            row.save(force_insert=True)
    except IntegrityError:
        Inbound.objects.filter(digest=row.digest).update(copies=F("copies") + 1)
        return False
    return True


def sort_due(limit: int = 100) -> int:
    """Puts recorded mails into their conversations, the oldest first; how many. One that fails holds nobody up."""
    due = Inbound.objects.filter(_free(), kind="new").order_by("id").values_list("id", flat=True)[:limit]
    return sum(_sort_one(inbound_id) for inbound_id in list(due))


def _sort_one(inbound_id: int) -> bool:
    mine = Inbound.objects.filter(id=inbound_id, kind="new")
    if not mine.filter(_free()).update(attempts=F("attempts") + 1, tried_at=now()):
        return False  # another worker is at it
    attempts = mine.values_list("attempts", flat=True).first() or 0
    try:
        if attempts > MAX_ATTEMPTS:
            raise RuntimeError("sorting it ended the process")
        with atomic():
            row = Inbound.objects.select_for_update(no_key=True).get(id=inbound_id)
            if row.kind != "new":
                return False
            _sort(read_mail(bytes(row.raw or b""), our_header=OURS), row)
            _keep_row(row)
    except Exception as error:
        _log.exception("mail %s could not be sorted", inbound_id)
        if attempts >= MAX_ATTEMPTS:
            _give_to_a_person(inbound_id, error)
        return False  # else tried again, once it is free
    return True


def _free() -> Q:
    """Mails that nobody is sorting: never tried, or by a process that died or failed."""
    return Q(tried_at=None) | Q(tried_at__lt=now() - RETRY_AFTER)


def _keep_row(row: Inbound) -> None:
    if row.kind != "unreadable":
        row.raw = None  # its words stand in the conversation now, or nobody needs them
    row.save(update_fields=["kind", "why", "raw", "conversation", "message", "bounced"])


def _give_to_a_person(inbound_id: int, error: Exception) -> None:
    """A mail that can't be sorted becomes a conversation that says so; its original can be downloaded there."""
    with atomic():
        row = Inbound.objects.select_for_update(no_key=True).get(id=inbound_id)
        if row.kind != "new":
            return
        made = Conversation.objects.create(
            customer_id=None, address=row.sender, topic=row.subject or "-", origin="mail", language="en"
        )
        body = "This mail could not be read. Download the original to see it."
        written = steps.write(made, "system", None, body, internal=True, waiting_for="staff", channel="mail")
        row.kind, row.why = "unreadable", f"{type(error).__name__}: {error}"[:200]
        row.conversation, row.message_id = made, written.id
        _keep_row(row)


def _sort(mail: Received, row: Inbound) -> None:
    if is_ours(mail.mark, settings.SECRET_KEY):
        row.kind = "own"
        return
    number = signed_conversation(f"{mail.recipients} {row.envelope}", mail.answers, settings.SECRET_KEY)
    conversation = Conversation.objects.filter(id=number).first() if number is not None else None
    if mail.bounced:
        row.kind, row.bounced = "bounce", mail.bounced[:320]
        named = signed_conversation("", [mail.bounced], settings.SECRET_KEY)
        conversation = conversation or (Conversation.objects.filter(id=named).first() if named is not None else None)
        if conversation is not None:
            _note(conversation, row, f"A mail of ours came back: {mail.subject or mail.bounced}", waiting_for="staff")
        return
    if mail.automatic and conversation is not None:
        row.kind, row.why = "automatic", mail.automatic
        _note(conversation, row, f"An automatic answer ({mail.automatic}): {mail.body[:2000] or mail.subject}")
        return
    row.kind, row.why = "message", mail.automatic
    if conversation is not None:
        customer, proof = _signed(mail, conversation)
    else:
        conversation, customer, proof = _found(mail)
    # A program that nobody asked wakes nobody, but what it says can be read: a person may hide behind it.
    _write(mail, row, conversation, customer, proof, waiting_for=None if mail.automatic else "staff")
    if mail.automatic:
        row.kind = "automatic"


def _signed(mail: Received, conversation: Conversation) -> tuple[Person | None, str]:
    """Of a mail that knows the signed address or Message-ID: the thread's customer, and whether they sent it."""
    customer = person(conversation.customer_id) if conversation.customer_id else None
    party = customer.email if customer else conversation.address
    theirs = bool(mail.sender) and mail.sender == party.lower()
    disowned = vouched(mail, settings.SMMATIC_INBOUND_AUTHSERV) is False
    return customer, "signed" if theirs and not disowned else "other"


def _found(mail: Received) -> tuple[Conversation, Person | None, str]:
    """The conversation of a mail without a signature of ours: by what it answers, by its order, else a new one."""
    customer, proof = _from(mail)
    earlier = (
        Inbound.objects.filter(header_id__in=mail.answers, sender=mail.sender, kind="message")
        .exclude(conversation=None)
        .select_related("conversation")
        .order_by("-id")
        .first()
        if mail.answers and mail.sender
        else None
    )
    holder = customer.id if customer else None
    if earlier is not None and earlier.conversation is not None and earlier.conversation.customer_id == holder:
        return earlier.conversation, customer, proof
    if customer is not None:
        order_id = _own_order(customer, mail.subject)
        if order_id is not None:
            return steps.open_conversation(customer.id, order_id, customer.language), customer, proof
    language = customer.language if customer else ("vi" if _VIETNAMESE.search(mail.subject + mail.body) else "en")
    made = Conversation.objects.create(
        customer_id=holder, address=mail.sender, name=mail.name, language=language, topic=mail.subject or "-",
        origin="mail",
    )  # fmt: skip
    made.refresh_from_db()
    return made, customer, proof


def _from(mail: Received) -> tuple[Person | None, str]:
    """The customer in From and how far that is proven; nobody where our own mail server found it to be false."""
    customer = customer_by_verified_address(mail.sender) if mail.sender else None
    if customer is None:
        return None, "unknown"
    server = settings.SMMATIC_INBOUND_AUTHSERV
    if vouched(mail, server):
        return customer, "verified"
    return (None, "unknown") if server else (customer, "claimed")


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


def _write(
    mail: Received, row: Inbound, conversation: Conversation, customer: Person | None, proof: str, *,
    waiting_for: str | None,
) -> None:  # fmt: skip
    """Adds the message. Only a signed one from the customer's own address is the answer that an order waits for."""
    order_id = conversation.order_id
    if proof == "signed" and customer is not None and order_id is not None and waiting_for is not None:
        steps.go_on(refunds.lock_order(order_id), customer)
    locked = steps.lock_conversation(conversation.id)
    author = customer.id if customer and proof in PROVEN else None
    written = steps.write(
        locked, "customer", author, mail.body or mail.subject or "-", waiting_for=waiting_for, channel="mail",
        proof=proof, sender=mail.sender, quoted=mail.quoted,
    )  # fmt: skip
    for one in mail.attachments[:MAX_FILES]:
        _keep(one, written.id, locked, customer, proof)
    for one in mail.attachments[MAX_FILES:]:
        Attachment.objects.create(
            message_id=written.id, name=_inert(one.name), size=len(one.content), refused="file_too_many"
        )
    row.conversation, row.message_id = locked, written.id


def _keep(one: Attached, message_id: int, conversation: Conversation, customer: Person | None, proof: str) -> None:
    """Keeps a file: judged by its content, renamed, capped. What is refused is named, so that nobody waits for it."""
    try:
        checked = check_file(one.name, one.content, maximum_bytes=settings.SMMATIC_MAX_FILE_BYTES)
    except Refusal as refused:
        Attachment.objects.create(
            message_id=message_id, name=_inert(one.name), size=len(one.content), refused=refused.code.value
        )
        return
    file_id = None
    if customer is not None and conversation.order_id is not None and proof in PROVEN:
        file_id = orders.keep_evidence(customer.id, conversation.order_id, checked)
    Attachment.objects.create(
        message_id=message_id, name=checked.name, media_type=checked.media_type, size=len(checked.content),
        sha256=checked.sha256, file_id=file_id, content=None if file_id else checked.content,
    )  # fmt: skip


def _inert(name: str) -> str:
    return re.sub(r"[^\w. \-]+", "_", name)[:120] or "file"


def _note(conversation: Conversation, row: Inbound, text: str, *, waiting_for: str | None = None) -> None:
    """A line for staff, which the customer never sees."""
    locked = steps.lock_conversation(conversation.id)
    written = steps.write(locked, "system", None, text, internal=True, waiting_for=waiting_for, channel="mail")
    row.conversation, row.message_id = locked, written.id
