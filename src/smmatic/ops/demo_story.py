"""The main job as the demo plays it, step by step over public HTTP. Each step states its end and checks it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from typing import Any

from smmatic.ops.demo_client import Api, Browser, Differs, wait_for
from smmatic.policy.business_time import due_at
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.vietnam import vietnam_calendar

# The last two digits of an account number choose what the sandbox provider does, like the numbers of test cards.
ACCOUNT = "70123456789012345{digits}"
DELIVERS, REFUSES, FAILS_AT_40, STOPS_AT_60, SLOW = "00", "01", "30", "33", "70"
SAYS_WRONG_LINK, SAYS_VIOLATION = "38", "39"
CUSTOMERS = {"available", "held", "disputed", "debt"}
PLATFORMS = {
    "issuance", "promotion", "goodwill", "revenue", "forfeited", "refunds", "breakage", "disputes", "adjustments",
}  # fmt: skip

Step = tuple[str, str, Callable[[], str]]


@dataclass
class Cast:
    """The people of the demo, each with their own way in. `newcomer` signs up one more customer, with nothing yet."""

    customer: Browser
    program: Api
    agent: Browser
    approver: Browser
    operator: Browser
    newcomer: Callable[[], Api]


class Story:
    """The steps in order. `steps()` gives (clause, title, play); playing returns what was seen or raises Differs."""

    def __init__(self, cast: Cast, prove: Callable[[], str]) -> None:
        self.cast = cast
        self.api = cast.program
        self._prove = prove

    def steps(self) -> Iterator[Step]:
        """Every step: the clause it shows, what happens, and how it is played."""
        yield "", "buy 2,000 Credits by bank transfer; an operator confirms", self.deposit
        yield "4.1", "order, then undo within the grace period", self.undo
        yield "4.2", "'Start now', then try to cancel; ask for a stop instead", self.too_late
        yield "2.2", "the provider refuses before any work", self.refused_before_work
        yield "2.1", "the provider's verified error after 40 % delivery (over 3.1)", self.provider_error
        yield "2.3", "our own fault together with a wrong link (over 3.2)", self.platform_fault
        yield "3.2", "wrong information, proven by staff", self.wrong_information
        yield "3.3", "a third-party platform's rules broken, proven by staff", self.violation
        yield "3.4", "delivered as described, the customer hoped for more", self.expectations
        yield "3.1", "staff ask, the order waits, they deliver a translation; then a change of mind", self.staff_work
        yield "5.1", "a claim that needs a person: question, due date, review, Credits", self.review
        yield "5.2", "decision times differ by kind of service", self.times
        yield "1.3", "someone who has only refunded Credits spends them on another service", self.spend_refund
        yield "5.1", "above 500 Credits a second person approves what the first decided", self.second_person
        yield "1.1", "try every transfer kind as a way out", self.no_way_out
        yield "", "prove the whole ledger", self._prove

    # --- what happens ---------------------------------------------------------------------------------------------

    def deposit(self) -> str:
        return f"{self.buy(2000)} confirmed, {self.available():,.2f} Credits available"

    def undo(self) -> str:
        before = self.available()
        order = self.place("TT-ADS", 100, DELIVERS)
        state(before - self.available(), Decimal("105.00"), "charge")
        preview = self.api.get(f"/orders/{order}/cancel")
        done = self.api.post(f"/orders/{order}/cancel")
        state((done["clause"], amount(done["returned"])), ("4.1", amount(preview["returns"])), "decision")
        state(self.available(), before, "available afterwards")
        state(self.order(order)["status"], "cancelled", "status")
        return f"order {order} undone, {amount(done['returned'])} Credits back at once"

    def too_late(self) -> str:
        order = self.place("GG-ADS", 100, SLOW, start_now=True)
        self.until(order, "in_progress")
        refusal = self.api.refused(f"/orders/{order}/cancel", status=409)
        state((refusal["code"], refusal["clause"]), ("order_accepted", "4.2"), "refusal")
        if not refusal["next"]:
            raise Differs("the refusal does not say what to do instead")
        self.api.post(f"/orders/{order}/stop")
        ended = self.until(order, "partial", "cancelled")
        case = self.case_of(order)
        state(case["clause"], "4.2", "clause of the stop")
        undelivered = Decimal(105) * (100 - ended["delivered"]) / 100
        state(amount(case["returned"]), undelivered, "Credits back")
        return f"'{refusal['message']}' {refusal['next']} Stopped at {ended['delivered']} of 100: {undelivered} back"

    def refused_before_work(self) -> str:
        before = self.available()
        order = self.place("TT-ADS", 100, REFUSES, start_now=True)
        self.until(order, "rejected")
        case = self.case_of(order)
        state((case["clause"], amount(case["returned"])), ("2.2", Decimal("105.00")), "decision")
        state(self.available(), before, "available afterwards")
        return "full refund by itself, nobody had to ask"

    def provider_error(self) -> str:
        order = self.place("TT-ADS", 100, FAILS_AT_40, start_now=True)
        ended = self.until(order, "partial")
        case = self.case_of(order)
        state(ended["delivered"], 40, "units delivered")
        state((case["clause"], amount(case["returned"])), ("2.1", Decimal("63.00")), "decision")
        return f"{case['explanation']['arithmetic']}"

    def platform_fault(self) -> str:
        order = self.place("TT-ADS", 100, STOPS_AT_60, start_now=True)
        self.until(order, "partial")
        case = self.in_review(order)
        self.claim(case, "wrong_information", "verified", "The account number has a typing error: screenshot on file.")
        self.claim(case, "platform_fault", "verified", "Our importer cut the number by one digit: log 2041.")
        decided = self.decide(case, "The error was ours.")
        state((decided["clause"], amount(decided["returned"])), ("2.3", Decimal("42.00")), "decision")
        return f"{amount(decided['returned'])} Credits back although the link was wrong"

    def wrong_information(self) -> str:
        order = self.place("TT-ADS", 100, SAYS_WRONG_LINK, start_now=True)
        self.until(order, "failed")
        case = self.in_review(order)
        self.claim(case, "wrong_information", "verified", "The platform says publicly that this account is closed.")
        decided = self.decide(case, "")
        state((decided["clause"], decided["state"]), ("3.2", "denied"), "decision")
        return "the provider's word opened a review; our own evidence decided it"

    def violation(self) -> str:
        order = self.place("TT-ADS", 100, SAYS_VIOLATION, start_now=True)
        self.until(order, "partial")
        case = self.in_review(order)
        self.claim(
            case, "third_party_violation", "verified", "TikTok advertising policy, counterfeit goods: notice on file."
        )
        decided = self.decide(case, "")
        state((decided["clause"], decided["state"]), ("3.3", "denied"), "decision")
        return "platform and rule are named in the evidence that the customer reads"

    def expectations(self) -> str:
        order = self.place("TT-ADS", 50, DELIVERS, start_now=True)
        self.until(order, "completed")
        preview = self.api.get(f"/orders/{order}/refund", reason="not_as_expected")
        answer = self.api.post(f"/orders/{order}/refunds", reason="not_as_expected")
        state((answer["clause"], answer["state"]), ("3.4", "denied"), "decision")
        state(preview["clause"], answer["clause"], "clause of the preview")
        return str(answer["explanation"]["sentence"])

    def staff_work(self) -> str:
        file = self.api.upload("menu.txt", "Phở bò, bún chả, cà phê sữa đá\n".encode())
        order = self.place(
            "ANY-TRANS", 3, None, brief="Translate our menu into English.", files=[file["id"]], start_now=True
        )
        self.until(order, "processing", "in_progress")
        agent, page = self.cast.agent, f"/desk/work/{order}"
        agent.post(f"{page}/take", page=page)
        agent.post(f"{page}/write", page=page, kind="question", body=f"British or American English in order {order}?")
        state(self.order(order)["waiting_for_you"], True, "the order waits for the customer")
        wait_for("the question in the customer's mailbox", lambda: self.mailed(f"American English in order {order}"))
        self.api.post(f"/orders/{order}/messages", text="British, please.")
        state(self.order(order)["waiting_for_you"], False, "the order still waits")
        agent.post(f"{page}/progress", page=page, units="1", note="First page is done.")
        state(self.order(order)["delivered"], 1, "units that the customer sees")
        done = ("menu-en.txt", b"Beef noodle soup, grilled pork with noodles, iced milk coffee\n")
        agent.post(f"{page}/finish", page=page, files={"upload": done}, note="All three pages.")
        ended = self.until(order, "completed")
        delivered = next(item for item in ended["files"] if item["purpose"] == "deliverable")
        content = self.api.get(f"/files/{delivered['id']}/content")
        state(content, done[1], "the file that the customer downloads")
        answer = self.api.post(f"/orders/{order}/refunds", reason="changed_mind")
        state((answer["clause"], answer["state"]), ("3.1", "denied"), "decision")
        return f"asked and answered; {delivered['name']} downloaded; a change of mind afterwards gives nothing back"

    def review(self) -> str:
        order = self.place("FB-ADS", 100, DELIVERS, start_now=True)
        self.until(order, "completed")
        asked_at = datetime.now(UTC)
        answer = self.api.post(
            f"/orders/{order}/refunds", reason="not_delivered", words="30 of the 100 never reached the account."
        )
        state((answer["state"], answer["clause"]), ("in_review", "5.1"), "decision")
        state_due(answer["due_at"], asked_at, datetime.now(UTC), business_days=1)
        self.api.post(f"/orders/{order}/messages", text=f"Do you need a screenshot of order {order}?")
        wait_for("the question in the support mailbox", lambda: self.mailed(f"screenshot of order {order}"))
        case = str(answer["case_id"])
        question = f"Yes please: a picture of the account's balance page for order {order}."
        self.cast.agent.post(f"/desk/cases/{case}/write", page=f"/desk/cases/{case}", kind="message", body=question)
        wait_for("the answer in the customer's mailbox", lambda: self.mailed(f"balance page for order {order}"))
        self.cast.agent.post(
            f"/desk/cases/{case}/delivered",
            page=f"/desk/cases/{case}",
            version=self.version(case),
            delivered="70",
            evidence="The balance page shows 70.",
        )
        self.claim(case, "fulfilment_fault", "verified", "The balance page shows 70 of 100.")
        decided = self.decide(case, "Thank you for the screenshot.")
        state((decided["clause"], amount(decided["returned"])), ("2.1", Decimal("31.50")), "decision")
        return f"promised by {answer['due_at']}; question and answer mailed; {decided['explanation']['arithmetic']}"

    def times(self) -> str:
        days = {item["service_class"]: item["decision_days"] for item in self.api.get("/services")["items"]}
        state((days["top_up"], days["listing"], days["creative"]), (1, 2, 3), "business days by class")
        return "top-ups 1 business day, listings 2, creative work 3; Vietnam's holidays and 17:00 cut-off count"

    def spend_refund(self) -> str:
        other = self.another()
        other.buy(105)
        first = other.place("TT-ADS", 100, REFUSES, start_now=True)
        state(other.available(), Decimal(0), "available while the only Credits are held")
        other.until(first, "rejected")
        state(amount(other.case_of(first)["returned"]), Decimal("105.00"), "Credits back")
        second = other.place("ANY-TRANS", 35, None, brief="Translate the shop's return policy.", start_now=True)
        state(other.available(), Decimal(0), "available after spending the refund")
        other.until(second, "processing", "in_progress")
        page = f"/desk/work/{second}"
        self.cast.agent.post(f"{page}/take", page=page)
        self.cast.agent.post(f"{page}/finish", page=page, note="The whole return policy, in English.")
        other.until(second, "completed")
        return "105.00 Credits bought, refunded, and spent to the last one on a translation that was delivered"

    def second_person(self) -> str:
        other, agent, approver = self.another(), self.cast.agent, self.cast.approver
        other.buy(630)
        order = other.place("TT-ADS", 600, DELIVERS, start_now=True)
        other.until(order, "completed")
        answer = other.api.post(
            f"/orders/{order}/refunds", reason="not_delivered", words="Nothing reached the account."
        )
        case = str(answer["case_id"])
        page = f"/desk/cases/{case}"
        proof = "The platform's balance page shows 0 of 600."
        agent.post(f"{page}/delivered", page=page, version=self.version(case), delivered="0", evidence=proof)
        other.claim(case, "fulfilment_fault", "verified", proof)
        state(other.decide(case, "")["state"], "approved", "state after the first person")
        state(other.available(), Decimal(0), "available before the second person")
        if f"{page}/approve" in agent.get(page).text:
            raise Differs("whoever decided is offered to approve")
        approver.post(f"{page}/approve", page=page, version=self.version(case, approver))
        done = other.api.get(f"/refunds/{case}")
        state((done["state"], amount(done["returned"])), ("settled", Decimal("630.00")), "after the second person")
        state(other.available(), Decimal("630.00"), "available afterwards")
        return "630.00 Credits waited for the approver, then came back whole"

    def no_way_out(self) -> str:
        before = self.available()
        kinds = self.api.get("/transfer-kinds")["items"]
        for kind in kinds:
            state(way_out(kind["debit"], kind["credit"]), "", f"where {kind['kind']} leads out")
            for target in ("bank", "card", "another customer"):
                refusal = self.api.refused("/transfers", kind=kind["kind"], credits="1", to=target)
                state(refusal["code"], "credits_stay_inside", f"{kind['kind']} to {target}")
        state(self.available(), before, "available afterwards")
        return f"{len(kinds)} kinds, 3 ways each: all refused (1.1, 1.2), nothing moved"

    # --- how it is done -------------------------------------------------------------------------------------------

    def another(self) -> "Story":
        """The same story as one more customer, who has nothing yet."""
        other = Story(replace(self.cast, program=self.cast.newcomer()), self._prove)
        state(other.available(), Decimal(0), "available to a new customer")
        return other

    def buy(self, credits: int) -> str:
        before = self.available()
        asked = self.api.post("/deposits", credits=str(credits))
        # Whoever confirms states what arrived on the bank account, as read from the statement.
        self.cast.operator.post(
            f"/desk/deposits/{asked['id']}/confirm", page="/desk/deposits", received=str(asked["money"]), why=""
        )
        state(self.available() - before, Decimal(credits), "Credits added")
        return str(asked["reference"])

    def available(self) -> Decimal:
        return amount(self.api.get("/balance")["available"])

    def place(self, service: str, quantity: int, digits: str | None, **fields: Any) -> int:
        link = {"link": ACCOUNT.format(digits=digits)} if digits else {}
        if digits and service == "GG-ADS":
            link = {"link": f"123-456-78{digits}"}
        placed = self.api.post("/orders", service=service, quantity=quantity, **link, **fields)
        return int(placed["id"])

    def order(self, order: int) -> Any:
        return self.api.get(f"/orders/{order}")

    def until(self, order: int, *statuses: str) -> Any:
        def look() -> Any:
            found = self.order(order)
            return found if found["status"] in statuses else None

        return wait_for(f"order {order} to be {' or '.join(statuses)}", look)

    def case_of(self, order: int) -> Any:
        found = self.api.get("/refunds", limit=50)["items"]
        case = next((item for item in found if item["order_id"] == order), None)
        if case is None:
            raise Differs(f"order {order} has no refund case")
        return self.api.get(f"/refunds/{case['id']}")

    def in_review(self, order: int) -> str:
        case = self.case_of(order)
        state(case["state"], "in_review", "state of the case")
        if not case["due_at"]:
            raise Differs("a case in review has no due date")
        return str(case["id"])

    def version(self, case: str, reader: Browser | None = None) -> str:
        found = re.search(
            r'name="version" value="([0-9]+)"', (reader or self.cast.agent).get(f"/desk/cases/{case}").text
        )
        if found is None:
            raise Differs(f"the page of case {case} offers nothing to do")
        return found.group(1)

    def claim(self, case: str, claim: str, proof: str, evidence: str) -> None:
        self.cast.agent.post(
            f"/desk/cases/{case}/claim",
            page=f"/desk/cases/{case}",
            claim=claim,
            proof=proof,
            evidence=evidence,
            version=self.version(case),
        )

    def decide(self, case: str, why: str) -> Any:
        self.cast.agent.post(
            f"/desk/cases/{case}/decide", page=f"/desk/cases/{case}", version=self.version(case), why=why
        )
        return self.api.get(f"/refunds/{case}")

    def mailed(self, words: str) -> bool:
        pages = re.findall(r'href="(/dev/mail/[0-9]+)"', self.cast.customer.get("/dev/mail").text)
        return any(words in unescape(self.cast.customer.get(page).text) for page in pages[:5])


def amount(value: Any) -> Decimal:
    """The Credits of an answer's amount, exactly."""
    return Decimal(value["credits"])


def state(seen: Any, stated: Any, what: str) -> None:
    """Checks what was seen against what the step states.

    Raises:
        Differs: naming both.
    """
    if seen != stated:
        raise Differs(f"{what}: {seen!r}, stated was {stated!r}")


def way_out(debit: str, credit: str) -> str:
    """The buckets by which a kind of transfer leads out of one customer and the platform, or ''."""
    outside = {debit, credit} - CUSTOMERS
    return ", ".join(sorted(outside)) if len(outside) > 1 or not outside <= PLATFORMS else ""


def state_due(seen: str, earliest: datetime, latest: datetime, *, business_days: int) -> None:
    """Checks a promised date against the shipped policy and calendar, for a request between two moments.

    Raises:
        Differs: naming both.
    """
    times = load_policy(SHIPPED_FILE.read_text(encoding="utf-8")).times
    stated = {due_at(moment, business_days, vietnam_calendar(), times).at for moment in (earliest, latest)}
    if datetime.fromisoformat(seen) not in stated:
        raise Differs(f"due date: {seen}, stated was {' or '.join(sorted(map(str, stated)))}")
