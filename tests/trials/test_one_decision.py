"""Many people decide the same thing at the same moment: one decision counts, one settlement is booked."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.credits.queries import charge, wallet
from smmatic.fulfilment.actions import ensure_provider, record_status, record_stop
from smmatic.fulfilment.models import Attempt
from smmatic.fulfilment.protocol import Fault, ProviderStatus, RemoteState, StopAnswer, StopState
from smmatic.fulfilment.queries import providers
from smmatic.fulfilment.staff_actions import give_up
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.ids import new_reference
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import PROVIDER
from smmatic.refunds import review_actions, situations
from smmatic.refunds.actions import add_to_case, ask_stop, cancel, end_order, request_refund
from smmatic.refunds.queries import CaseRow, case, open_case
from smmatic.refunds.review_actions import approve, decide, send_back, set_claim, withdraw
from smmatic.refunds.situations import ClaimInput
from smmatic.support.actions import ask_customer, post_message
from tests.builders import begun, customer, new_key, person, placed, reread
from tests.databases import Addresses
from tests.trials.checker import check, deadlocks
from tests.trials.conftest import owner_of
from tests.web.desk.builders import reviewed_case

AT_ONCE = 50
FAULT = ClaimInput("fulfilment_fault", "verified", "provider", "our machine broke")


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Does everything at the same moment, each in a thread with a connection of its own: what it gave, or refused with,
    or the name of the exception that it failed with."""
    ready = threading.Barrier(len(work), timeout=120)

    def one(do: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            ready.wait()
            return do()
        except Refusal as refusal:
            return refusal.code.value
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(one, work))


def proven_case(agent: Person, quantity: int = 100, *, who: Person | None = None, delivered: int = 40) -> CaseRow:
    """A case that is ready to be decided: what its customer claims is verified."""
    return proven(agent, reviewed_case(who or customer(50_000), quantity, delivered=delivered).id)


def proven(agent: Person, case_id: int) -> CaseRow:
    """The case, after an agent has found that its customer is right."""
    made = case(case_id)
    assert made is not None
    return set_claim(agent, made.id, claim="fulfilment_fault", proof="verified", evidence="Seen.", version=made.version)


def wrong(answers: Sequence[Any], refused: set[str], number: int, back: int, database: Addresses) -> list[str]:
    """What is wrong after a storm on one order: not one winner, an unstated refusal, or money."""
    said = Counter(one for one in answers if isinstance(one, str))
    winners = [one for one in answers if one is not None and not isinstance(one, str)]
    found = [f"{len(winners)} of {len(answers)} won"] if len(winners) != 1 else []
    found += [f"{count} times {word}" for word, count in said.items() if word not in refused]
    with owner_of(database) as owner:
        booked = owner.execute(
            "SELECT kind, count(*), sum(amount) FROM credits_transfer WHERE order_id = %s AND kind IN ('release', 'refund')"
            " GROUP BY kind", [number],
        ).fetchall()  # fmt: skip
    if sum(row[1] for row in booked) != (1 if back else 0) or sum(row[2] for row in booked) != back:
        found.append(f"booked were {booked}, once {back} is right")
    return found + check(database.app)


def test_fifty_decisions_of_one_case(ground: Addresses) -> None:
    agents = [person(Role.AGENT) for _ in range(3)]
    made = proven_case(agents[0])
    answers = at_once([lambda n=n: decide(agents[n % 3], made.id, version=made.version) for n in range(AT_ONCE)])
    assert (
        wrong(answers, {"case_closed", "case_stale"}, made.order_id, reread(made.order_id).amount * 60 // 100, ground)
        == []
    )


def test_fifty_approvals_of_one_case(ground: Addresses) -> None:
    agent, seconds = person(Role.AGENT), [person(Role.APPROVER) for _ in range(3)]
    made = decide(agent, (ready := proven_case(agent, 2_000)).id, version=ready.version)
    assert made.state == "approved"
    answers = at_once([lambda n=n: approve(seconds[n % 3], made.id, version=made.version) for n in range(AT_ONCE)])
    assert wrong(answers, {"case_closed", "case_stale"}, made.order_id, made.units, ground) == []


def test_a_yes_and_a_no_at_once(ground: Addresses) -> None:
    agent, seconds = person(Role.AGENT), [person(Role.APPROVER) for _ in range(2)]
    made = decide(agent, (ready := proven_case(agent, 2_000)).id, version=ready.version)
    answers = at_once([
        *[lambda n=n: approve(seconds[n % 2], made.id, version=made.version) for n in range(10)],
        *[lambda n=n: send_back(seconds[n % 2], made.id, version=made.version, why="Look again.") for n in range(10)],
    ])  # fmt: skip
    now = case(made.id)
    assert now is not None
    back = made.units if now.state == "settled" else 0
    assert wrong(answers, {"case_closed", "case_stale"}, made.order_id, back, ground) == []


def test_a_decision_and_a_customer_who_takes_the_request_back(ground: Addresses) -> None:
    agent = person(Role.AGENT)
    for _ in range(10):
        who = customer(1_000)
        alleged = reviewed_case(who, delivered=40)
        end_order(alleged.order_id, "partial", actor=PROVIDER, delivered=40)  # its end waits for the case
        made = proven(agent, alleged.id)
        answers = at_once([partial(decide, agent, made.id, version=made.version), partial(withdraw, who, made.id)])
        assert sum(not isinstance(one, str) for one in answers) == 1, answers
        assert {one for one in answers if isinstance(one, str)} <= {"case_closed", "case_stale"}
        money = charge(made.order_id)
        assert money is not None
        assert money.open == 0 or open_case(made.order_id) is not None
    assert check(ground.app) == []


def test_fifty_ends_of_one_order(ground: Addresses) -> None:
    who = customer(1_000)
    row = begun(who, delivered=40)
    ends = [("completed", ()), ("partial", (FAULT,)), ("failed", (FAULT,))]
    answers = at_once([
        lambda n=n: end_order(row.id, ends[n % 3][0], actor=PROVIDER, delivered=40, claims=ends[n % 3][1])
        for n in range(AT_ONCE)
    ])  # fmt: skip
    now = reread(row.id)
    back = 0 if now.status == "completed" else row.amount * 60 // 100
    assert wrong(answers, set(), row.id, back, ground) == []
    assert wallet(who.id).held == 0


def test_fifty_cancels_of_one_order(ground: Addresses) -> None:
    who = customer(1_000)
    row = placed(who)
    keys = [None, new_key(), new_key()]
    answers = at_once([lambda n=n: cancel(who, row.id, key=keys[n % 3]) for n in range(AT_ONCE)])
    firsts = [one for one in answers if not isinstance(one, str) and not one.replayed]
    again = [one for one in answers if not isinstance(one, str) and one.replayed]
    assert {one.units_back for one in again} <= {row.amount}
    refused = [one for one in answers if isinstance(one, str)]
    assert wrong([*firsts, *refused], {"order_ended"}, row.id, row.amount, ground) == []
    assert wallet(who.id).available == 1_000 * UNITS


def test_a_request_and_the_end_of_its_order_at_once(ground: Addresses) -> None:
    for _ in range(10):
        who = customer(1_000)
        row = begun(who, delivered=40)
        at_once([
            partial(request_refund, who, row.id, reason_code="not_delivered", words="60 are missing.", key=new_key()),
            partial(ask_stop, who, row.id),
            partial(end_order, row.id, "partial", actor=PROVIDER, delivered=40, claims=(FAULT,)),
        ])  # fmt: skip
        assert reread(row.id).status == "partial"
    assert check(ground.app) == []
    assert deadlocks(ground.owner) == 0


def handed_over(row: OrderRow) -> int:
    """An attempt that a provider has confirmed, as if the order had been handed over."""
    provider = ensure_provider(f"trial-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9")
    made = Attempt.objects.create(
        order_id=row.id, provider_id=provider.id, number=1, reference=new_reference(), state="confirmed",
        remote_id=new_key(),
    )  # fmt: skip
    return int(made.id)


def test_everything_that_can_happen_to_one_order_at_once(ground: Addresses) -> None:
    """Provider, desk and customer change the same order, its case and its conversation: in whatever order, and no two of
    them ever wait for each other."""
    agent = person(Role.AGENT)
    for _ in range(12):
        who = customer(1_000)
        made = proven_case(agent, who=who)
        row = reread(made.order_id)
        attempt = handed_over(row)
        provider = providers()[-1]
        news = ProviderStatus("1", RemoteState.PARTIAL, delivered=40, fault=Fault.OWN_ERROR)
        answers = at_once([
            partial(record_status, attempt, news, provider),
            partial(decide, agent, made.id, version=made.version),
            partial(withdraw, who, made.id),
            partial(give_up, agent, row.id, "Nobody delivers it."),
            partial(record_stop, attempt, StopAnswer(StopState.CONFIRMED, status=news), provider),
            partial(ask_stop, who, row.id),
            partial(post_message, who, row.id, "What now?"),
            partial(ask_customer, agent, row.id, "Which one?", case_id=made.id),
            partial(add_to_case, who, made.id, words="One thing more."),
        ])  # fmt: skip
        said = {one for one in answers if isinstance(one, str)}
        assert said <= STATED, said
    assert check(ground.app) == []
    assert deadlocks(ground.owner) == 0


STATED = {
    "case_closed", "case_stale", "order_ended", "order_status", "stop_asked_already", "stop_not_offered",
    "case_undecided", "outcome_unknown",
}  # fmt: skip
"""Refusals that say that somebody else was first."""


def given_alone(database: Addresses, who: Person) -> int:
    """Units that went back to a customer by one person's word."""
    with owner_of(database) as owner:
        row = owner.execute(
            "SELECT coalesce(sum(units), 0) FROM refunds_case WHERE customer_id = %s AND state = 'settled'"
            " AND decided_by_id IS NOT NULL AND approved_by_id IS NULL", [who.id],
        ).fetchone()  # fmt: skip
    return int(row[0]) if row else 0


def test_splitting_does_not_get_around_the_second_person(ground: Addresses) -> None:
    """Each case is below the limit of one person, all of them together are not; many decide at the same moment."""
    agents, who = [person(Role.AGENT) for _ in range(4)], customer(50_000)
    made = [proven_case(agents[0], 400, who=who, delivered=0) for _ in range(10)]
    answers = at_once([lambda n=n: decide(agents[n % 4], made[n].id, version=made[n].version) for n in range(10)])
    assert Counter(one.state for one in answers) == {"settled": 4, "approved": 6}
    assert given_alone(ground, who) <= 2_000 * UNITS
    assert check(ground.app) == []


def test_control_sums_that_are_read_without_their_lock(ground: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(10, timeout=120)
    real = situations.credits.returned_since

    def late(*arguments: Any) -> int:
        found = real(*arguments)
        together.wait()
        return found

    monkeypatch.setattr(situations, "execute", lambda *_: 0)
    monkeypatch.setattr(situations.credits, "returned_since", late)
    agents, who = [person(Role.AGENT) for _ in range(4)], customer(50_000)
    made = [proven_case(agents[0], 400, who=who, delivered=0) for _ in range(10)]
    at_once([lambda n=n: decide(agents[n % 4], made[n].id, version=made[n].version) for n in range(10)])
    assert given_alone(ground, who) > 2_000 * UNITS


def test_control_a_decision_that_does_not_look_whether_it_was_made(
    ground: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_actions, "_lock", lambda _person, case_id, *_: case(case_id))
    agent = person(Role.AGENT)
    made = proven_case(agent)
    answers = at_once([lambda: decide(agent, made.id, version=made.version) for _ in range(AT_ONCE)])
    assert wrong(
        answers, {"case_closed", "case_stale"}, made.order_id, reread(made.order_id).amount * 60 // 100, ground
    )
