"""Makes the people of the browser tests, and a customer's many orders, in a fresh shop. Runs before its worker does."""

import json
import secrets
import sys

import django

ENDS = ("completed", "error", "rejected", "no longer wanted", "in work", "staff", "completed", "undone")
BRIEF = "Thực đơn của quán: ba trang, giữ tên món bằng tiếng Việt."


def main(provider: str, orders: int) -> None:
    """Prints who is there as JSON."""
    django.setup()
    from smmatic.accounts.actions import create_person
    from smmatic.accounts.rules import Role
    from smmatic.deposits.actions import request_deposit
    from smmatic.fulfilment.actions import ensure_provider
    from smmatic.fulfilment.sandbox.server import DEFAULT_KEY
    from smmatic.kernel.amounts import UNITS
    from tests.builders import give, new_key
    from tests.sandboxes import park

    ensure_provider(
        "sandbox", adapter="sandbox", base_url=provider, api_key=DEFAULT_KEY, timeout=5.0, settles_after=30.0,
        poll_shortest=0.2, poll_longest=0.4,
    )  # fmt: skip
    password = f"browser-{secrets.token_hex(6)}"
    people = {}
    for name, shown, role in (
        ("operator", "Oanh", Role.OPERATOR), ("agent", "An", Role.AGENT), ("buyer", "Linh", Role.CUSTOMER),
        ("regular", "Quán Mộc", Role.CUSTOMER), ("newcomer", "Mai", Role.CUSTOMER),
    ):  # fmt: skip
        made = create_person(
            email=f"{name}@browser.test", name=shown, role=role, language="en", password=password
        )  # fmt: skip
        people[name] = {"id": made.id, "email": made.email, "name": shown, "password": password}
        if name in ("buyer", "regular"):
            give(made, 20_000 * UNITS)
        if name == "regular":
            people[name] |= _history(made, orders)
            request_deposit(made, 500 * UNITS, new_key())
    park()
    sys.stdout.write(json.dumps(people))


def _history(who, count):
    """Orders of every kind; gives the ids that tests look at."""
    from smmatic.credits.queries import wallet
    from smmatic.orders.steps import PROVIDER
    from smmatic.refunds.actions import cancel, end_order, request_refund
    from tests.builders import begun, new_key, placed

    assert wallet(who.id) is not None
    shown = {}
    for number in range(count):
        kind = ENDS[number % len(ENDS)]
        digits = f"70123456789012{number:03}00"
        if kind == "staff":
            made = placed(who, "ANY-TRANS", 3 + number % 5, brief=BRIEF, link="", start_now=True)
        elif kind == "undone":
            made = placed(who, "TT-ADS", 100 + number, link=digits)
            cancel(who, made.id, key=new_key())
        elif kind == "rejected":
            made = placed(who, "TT-ADS", 100 + number, link=digits)
            _accept(made.id)
            end_order(made.id, "rejected", actor=PROVIDER, delivered=0)
        else:
            made = begun(who, "TT-ADS", 100 + number, delivered=40, link=digits)
        if kind in ("completed", "no longer wanted"):
            end_order(made.id, "completed", actor=PROVIDER, delivered=made.quantity)
        if kind == "error":
            end_order(made.id, "failed", actor=PROVIDER, delivered=40)
        if kind == "no longer wanted":
            asked = request_refund(
                who, made.id, reason_code="not_delivered" if number < 16 else "not_as_expected",
                words="30 of the 100 never reached the account.", key=new_key(),
            )  # fmt: skip
            shown.setdefault("case", asked.case_id)
        shown.setdefault(kind, made.id)
    return {"orders": shown}


def _accept(order_id):
    from smmatic.kernel.database import atomic
    from smmatic.orders.steps import SYSTEM, move

    with atomic():
        assert move(order_id, ("pending",), "processing", actor=SYSTEM, kind="accepted")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
