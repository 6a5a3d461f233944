"""What the actions of staff share inside their transactions: whose work it is, and handing over."""

from typing import Any

from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.fulfilment.handover import Handover
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as orders

MAX_WHY = 1000


def need_own(person: Person, staff_id: int | None) -> None:
    """Refuses what somebody else works on: it is taken over first, so that two people never do it twice.

    Raises:
        Refusal: `work_of_another`.
    """
    if staff_id is None or staff_id == person.id:
        return
    other = person_by_id(staff_id)
    raise Refusal(RefusalCode.WORK_OF_ANOTHER, name=other.shown_name if other else f"#{staff_id}")


def reason(why: object, field: str = "why", maximum: int = MAX_WHY) -> str:
    """A reason that somebody reads.

    Raises:
        Refusal: `reason_missing`, `text_*`.
    """
    told = clean_text(why, field, maximum)
    if not told:
        raise Refusal(RefusalCode.REASON_MISSING, field)
    return told


def hand_over(person: Person, order_id: int, given: Handover) -> dict[str, Any]:
    """Attaches the files of a handover to its order and gives what the event keeps of it.

    Raises:
        Refusal: `not_found` for a file that is not the person's own, or is handed over already.
    """
    for field, wanted, purpose in (
        ("files", given.files, "deliverable"),
        ("proof", given.proof_files, "proof"),
    ):
        if wanted and orders.attach_files(person.id, order_id, wanted, purpose) != len(wanted):
            raise Refusal(RefusalCode.NOT_FOUND, field)
    facts: dict[str, Any] = {"files": list(given.files)}
    if given.links:
        facts["links"] = list(given.links)
    if given.note:
        facts["note"] = given.note
    if given.proven:
        facts["proof"] = {"text": given.proof, "files": list(given.proof_files)}
    return facts
