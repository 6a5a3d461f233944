"""What the ledger holds of a customer, for their export. Amounts in Credit units."""

from collections.abc import Mapping, Sequence

from smmatic.credits.models import Grant, Note, Transfer


def personal(customer_id: int) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is."""
    transfers = Transfer.objects.filter(account_id=customer_id).order_by("version").values(
        "id", "version", "kind", "debit", "credit", "amount", "available_after", "held_after", "order_id", "case_id",
        "deposit_id", "clause", "reason", "recorded_at",
    )  # fmt: skip
    notes = dict(Note.objects.filter(account_id=customer_id).values_list("transfer_id", "words"))
    return {
        "transfers": [row | {"note": notes.get(row["id"], "")} for row in transfers],
        "grants": list(
            Grant.objects.filter(account_id=customer_id).values("origin", "granted", "remaining", "expires_at")
        ),
    }
