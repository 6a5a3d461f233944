"""A sandbox provider that the shop delivers through, and rounds of work against it, for tests."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.models import Attempt, Provider
from smmatic.fulfilment.queries import AttemptRow, ProviderRow, attempts_of
from smmatic.fulfilment.sandbox.process import SandboxProcess
from smmatic.fulfilment.work import Round
from smmatic.kernel.database import execute
from smmatic.orders.queries import OrderRow
from tests.builders import reread

LONG = 10_000.0
"""Seconds that a delivery takes where the provider's time only moves by `forward`."""

QUICK: dict[str, Any] = {"timeout": 0.4, "settles_after": 3.0, "poll_shortest": 0.001, "poll_longest": 0.002}
"""Time limits of tests, in seconds."""


def link(digits: str) -> str:
    """An advertising account whose last two digits choose the sandbox's behaviour."""
    return f"70123456789012345{digits}"


class Shop:
    """The shop's side: a provider's row that leads to the sandbox, and rounds in this process."""

    def __init__(self, sandbox: SandboxProcess, **columns: Any) -> None:
        Provider.objects.update(active=False)
        park()
        self.sandbox = sandbox
        self.provider: ProviderRow = ensure_provider(
            f"sandbox-{secrets.token_hex(4)}", adapter="sandbox", base_url=sandbox.url, api_key=sandbox.key,
            **(QUICK | columns),
        )  # fmt: skip
        self.round = Round(f"test-{secrets.token_hex(4)}", concurrency=4, lease=5)

    def believe(self, seconds: float) -> None:
        """Lets the provider's 'no such order' be final after so many seconds."""
        Provider.objects.filter(id=self.provider.id).update(settles_after=seconds)

    def work(self, until: Callable[[], bool], rounds: int = 5000) -> None:
        """Works until something holds; fails where it never does."""
        for _ in range(rounds):
            if until():
                return
            self.round.run()
        raise AssertionError("never came about")

    def follow(self, order: OrderRow, *, forward: float = 0.0) -> OrderRow:
        """Works until the provider has taken the order, lets its time pass, and works until the order has ended."""
        self.work(lambda: self.state(order) == "confirmed" or not reread(order.id).live)
        if forward:
            self.sandbox.forward(forward)
            self.work(lambda: not reread(order.id).live)
        return reread(order.id)

    def state(self, order: OrderRow) -> str:
        """State of the newest attempt, or ''."""
        rows = Attempt.objects.filter(order_id=order.id).order_by("-number").values_list("state", flat=True)
        return str(rows[0]) if rows else ""

    def accepted(self, order: OrderRow) -> int:
        """How many orders the provider's own log has for this one: must never be two."""
        return accepted(self.sandbox, [order.id]).get(order.id, 0)

    def close(self) -> None:
        """Ends the threads; what is left in work is never due again."""
        self.round.close()
        park()


def park() -> None:
    """Takes every order that earlier tests left, in work or not yet ended at its provider, off the clock."""
    execute(
        "UPDATE orders_order SET next_check_at = NULL, accept_after = now() + interval '1 year'"
        " WHERE status IN ('pending', 'processing', 'in_progress') OR next_check_at IS NOT NULL"
    )


def accepted(sandbox: SandboxProcess, order_ids: list[int]) -> Mapping[int, int]:
    """The provider's own count of accepted orders, by our order."""
    ours = {
        str(reference): order_id
        for order_id, reference in Attempt.objects.filter(order_id__in=order_ids).values_list("order_id", "reference")
    }
    counts: dict[int, int] = dict.fromkeys(order_ids, 0)
    for line in sandbox.truth()["log"]:
        if line["kind"] == "accepted" and line["reference"] in ours:
            counts[ours[line["reference"]]] += 1
    return counts


def attempts(order: OrderRow, staff: Any) -> list[AttemptRow]:
    """Every attempt of an order."""
    return attempts_of(staff, order.id)


def worker(
    environment: Mapping[str, str], sandbox: SandboxProcess, *options: str, seed: str = ""
) -> subprocess.Popen[str]:
    """A worker process; `seed` is code that runs in it first, to plant a bug."""
    code = f"import django; django.setup()\n{seed}\nfrom smmatic.fulfilment.worker import main; import sys; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, *options],
        env={
            **os.environ,
            **environment,
            "DJANGO_SETTINGS_MODULE": "smmatic.settings",
            "SMMATIC_PROVIDER_PRIVATE_HOSTS": f"127.0.0.1:{sandbox.port}",
        },
        stderr=subprocess.DEVNULL,
        text=True,
    )
