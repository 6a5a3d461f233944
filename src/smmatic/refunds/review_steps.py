"""Locking a case that somebody works on, as they saw it."""

from smmatic.accounts.queries import Person
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.refunds import queries, steps
from smmatic.refunds.queries import CaseRow


def lock_for(person: Person, case_id: int, version: int, states: tuple[str, ...]) -> CaseRow:
    """Locks a case that this person may work on: never their own, in one of these states, as they saw it.

    Raises:
        Refusal: `not_found`, `role_missing` for one's own, `case_closed`, `case_stale`.
    """
    case = steps.lock_case(case_id)
    if case.customer_id == person.id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    if case.state not in states:
        raise Refusal(RefusalCode.CASE_CLOSED)
    if case.version != version:
        raise Refusal(RefusalCode.CASE_STALE)
    return case


def reread(case_id: int) -> CaseRow:
    """The case as it is now.

    Raises:
        Refusal: `not_found`.
    """
    case = queries.case(case_id)
    if case is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return case
