"""What conversations hold of a customer, for their export."""

from collections.abc import Iterator, Mapping, Sequence

from smmatic.support.models import Attachment, Conversation, Message


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is; staff's notes are not theirs."""
    messages = Message.objects.filter(conversation__customer_id=customer_id, internal=False)
    return {
        "conversations": list(
            Conversation.objects.filter(customer_id=customer_id).order_by("id").values(
                "id", "order_id", "case_id", "topic", "opened_at", "last_at"
            )
        ),
        "messages": list(
            messages.order_by("id").values(
                "conversation_id", "author_kind", "channel", "sender", "body", "quoted", "at"
            )
        ),
    }  # fmt: skip


def personal_files(customer_id: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file that the customer sent by mail and that is no order's evidence."""
    rows = Attachment.objects.filter(
        message__conversation__customer_id=customer_id, message__internal=False, content__isnull=False
    )
    for number in list(rows.values_list("id", flat=True)):
        row = Attachment.objects.get(id=number)
        yield f"mail-{row.id}-{row.name}", bytes(row.content or b"")
