"""Makes the one customer and the one provider of a shop that trades with another; prints the customer's key as JSON."""

import argparse
import json
import sys

import django


def main() -> None:
    """Reads who delivers from the command line."""
    reader = argparse.ArgumentParser()
    for name in ("--adapter", "--url", "--key"):
        reader.add_argument(name, required=True)
    reader.add_argument("--credits", type=int, default=100_000)
    chosen = reader.parse_args()
    django.setup()
    from smmatic.accounts.actions import create_api_key, create_person
    from smmatic.fulfilment.actions import ensure_provider
    from smmatic.fulfilment.models import Provider
    from smmatic.kernel.amounts import UNITS
    from tests.builders import give
    from tests.sandboxes import park

    Provider.objects.update(active=False)
    ensure_provider(
        "upstream", adapter=chosen.adapter, base_url=chosen.url, api_key=chosen.key, timeout=4.0, settles_after=6.0,
        poll_shortest=0.2, poll_longest=0.4, priority=1,
    )  # fmt: skip
    made = create_person(email="buyer@trade.test", name="Buyer")
    give(made, chosen.credits * UNITS)
    park()
    _, secret = create_api_key(made, label="program")
    sys.stdout.write(json.dumps({"id": made.id, "key": secret}))


if __name__ == "__main__":
    main()
