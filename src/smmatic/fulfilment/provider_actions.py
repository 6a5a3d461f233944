"""What operators do with providers: switch them, say what their words mean, set limits and costs, renew the secret."""

from datetime import timedelta

from django.db.models.functions import Now

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.queries import service_by_code
from smmatic.catalogue.steps import keep_deliverable
from smmatic.fulfilment.health_actions import tell
from smmatic.fulfilment.models import Offer, Provider, ProviderWord
from smmatic.fulfilment.money import nano_of
from smmatic.fulfilment.queries import ProviderRow, delivered_services
from smmatic.fulfilment.signing import secret_of
from smmatic.fulfilment.wording import CHOICES, Place
from smmatic.kernel.database import atomic
from smmatic.kernel.ids import new_key_bytes
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line

OVERLAP = timedelta(hours=24)
"""How long the secret before is still taken after it was renewed."""


def switch(person: Person, provider_id: int, on: bool) -> None:
    """Gives a provider new orders, or none; those that it has are followed to their end.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    person.need(Permission.PROVIDER_MANAGE)
    with atomic():
        if not Provider.objects.filter(id=provider_id).exists():
            raise Refusal(RefusalCode.NOT_FOUND)
        if Provider.objects.filter(id=provider_id).exclude(active=on).update(active=on):
            tell(provider_id, "switched_on" if on else "switched_off", actor_id=person.id)
        keep_deliverable(delivered_services())


def close_breaker(person: Person, provider_id: int) -> None:
    """Lets calls through again at once, after a person has seen to the cause.

    Raises:
        Refusal: `role_missing`, `not_found`.
    """
    person.need(Permission.PROVIDER_MANAGE)
    with atomic():
        rows = Provider.objects.filter(id=provider_id)
        if not rows.exists():
            raise Refusal(RefusalCode.NOT_FOUND)
        if rows.filter(open_until__isnull=False).update(
            failures=0, opened_at=None, open_until=None, probe_until=None, open_pause=0.0
        ):
            tell(provider_id, "breaker_closed", actor_id=person.id)


def say_meaning(person: Person, provider_id: int, word_id: int, meaning: str) -> None:
    """Says what words of a provider mean from now on; '' takes the meaning away. An allegation stays an allegation.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_invalid`.
    """
    person.need(Permission.PROVIDER_MANAGE)
    with atomic():
        row = ProviderWord.objects.filter(id=word_id, provider_id=provider_id).first()
        if row is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        if meaning and meaning not in CHOICES[Place(row.place)]:
            raise Refusal(RefusalCode.FIELD_INVALID, "meaning")
        if row.meaning != meaning:
            ProviderWord.objects.filter(id=row.id).update(meaning=meaning, mapped_by_id=person.id, mapped_at=Now())
            facts = {"place": row.place, "word": row.word, "from": row.meaning, "to": meaning}
            tell(provider_id, "word_mapped", actor_id=person.id, facts=facts)


def set_limits(
    person: Person, provider_id: int, *, calls_per_minute: int | None, low_balance: str, currency_units: int | None
) -> None:
    """Sets the rate limit, the alarm of our balance there, and what one of its currency costs us in Credit units.

    Raises:
        Refusal: `role_missing`, `not_found`, `field_invalid`.
    """
    person.need(Permission.PROVIDER_MANAGE)
    alarm = nano_of(low_balance) if low_balance.strip() else None
    if low_balance.strip() and (alarm is None or alarm < 0):
        raise Refusal(RefusalCode.FIELD_INVALID, "low_balance")
    if calls_per_minute is not None and not 1 <= calls_per_minute <= 100_000:
        raise Refusal(RefusalCode.FIELD_INVALID, "calls_per_minute")
    if currency_units is not None and currency_units < 1:
        raise Refusal(RefusalCode.FIELD_INVALID, "currency")
    columns = {"calls_per_minute": calls_per_minute, "low_balance_nano": alarm, "currency_units": currency_units}
    with atomic():
        if not Provider.objects.filter(id=provider_id).update(**columns):
            raise Refusal(RefusalCode.NOT_FOUND)
        tell(provider_id, "limits_set", actor_id=person.id, facts=columns)


def set_offer(person: Person, provider_id: int, code: str, *, remote_service: str, unit_cost: str) -> None:
    """Says what a provider calls one of our services, and what one unit costs there; an empty name takes it away.

    Raises:
        Refusal: `role_missing`, `not_found`, `service_unknown`, `field_invalid`.
    """
    person.need(Permission.PROVIDER_MANAGE)
    name = clean_line(remote_service, "remote_service", 64)
    cost = nano_of(unit_cost) if unit_cost.strip() else None
    if unit_cost.strip() and (cost is None or cost < 0):
        raise Refusal(RefusalCode.FIELD_INVALID, "unit_cost")
    service = service_by_code(code)
    if service is None or service.delivery != "provider":
        raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
    with atomic():
        if not Provider.objects.filter(id=provider_id).exists():
            raise Refusal(RefusalCode.NOT_FOUND)
        if name:
            Offer.objects.update_or_create(
                provider_id=provider_id, service_code=code,
                defaults={"remote_service": name, "cost_nano": cost, "changed_at": Now()},
            )  # fmt: skip
        else:
            Offer.objects.filter(provider_id=provider_id, service_code=code).delete()
        facts = {"service": code, "remote_service": name, "cost_nano": cost}
        tell(provider_id, "offer_set", actor_id=person.id, facts=facts)


def renew_secret(person: Person | None, row: ProviderRow) -> str:
    """Makes a new secret for signed calls and callbacks, shown once; the one before is taken for another day.

    Raises:
        Refusal: `role_missing`.
    """
    if person is not None:
        person.need(Permission.PROVIDER_MANAGE)
    secret = secret_of(new_key_bytes())
    with atomic():
        Provider.objects.filter(id=row.id).update(
            secret=secret, previous_secret=row.secret, previous_until=Now() + OVERLAP if row.secret else None
        )
        tell(row.id, "secret_renewed", actor_id=person.id if person else None)
    return secret
