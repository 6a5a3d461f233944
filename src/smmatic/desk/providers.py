"""Providers: who delivers over the network, how well they are, what they say, cost and owe."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.catalogue.queries import services
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.fulfilment import provider_actions as actions
from smmatic.fulfilment import provider_queries as queries
from smmatic.fulfilment.money import text_of
from smmatic.fulfilment.queries import ProviderRow, providers
from smmatic.fulfilment.wording import CHOICES, Place
from smmatic.kernel.amounts import parse_count, parse_credits
from smmatic.kernel.refusals import Refusal
from smmatic.kernel.texts import one_of
from smmatic.web.charts import Chart, Kind, Series
from smmatic.web.pages import checked_id, language
from smmatic.web.templatetags.smm import local

MEANINGS = {
    "": gettext_lazy("no meaning yet: a person decides"),
    "no_cause": gettext_lazy("names no cause"),
    "own_error": gettext_lazy("its own error"),
    "outage": gettext_lazy("the platform is down"),
    "condition_unmet": gettext_lazy("the service's condition is not met"),
    "wrong_information": gettext_lazy("alleges wrong information"),
    "third_party_violation": gettext_lazy("alleges a breach of the platform's rules"),
    "bad_account": gettext_lazy("the account is not usable"),
    "bad_link": gettext_lazy("the link is not usable"),
    "bad_quantity": gettext_lazy("the quantity is not taken"),
    "service_unavailable": gettext_lazy("the service is not available"),
    "no_balance": gettext_lazy("our balance there is too low"),
    "not_authorised": gettext_lazy("our key is not accepted"),
    "duplicate": gettext_lazy("it has this order already"),
    "queued": gettext_lazy("not begun"),
    "working": gettext_lazy("in work"),
    "completed": gettext_lazy("done"),
    "partial": gettext_lazy("ended in part"),
    "failed": gettext_lazy("failed"),
    "stopped": gettext_lazy("stopped"),
}
PLACES = {
    "refusal": gettext_lazy("said when it refused"),
    "state": gettext_lazy("a status of it"),
    "end": gettext_lazy("said when it ended early"),
}
KINDS = {
    "submit": gettext_lazy("Orders handed over"),
    "lookup": gettext_lazy("Looked up by our reference"),
    "status": gettext_lazy("Asked for the status"),
    "stop": gettext_lazy("Asked to stop"),
    "balance": gettext_lazy("Asked for the balance"),
    "prices": gettext_lazy("Asked for prices"),
}
OUTCOMES = {
    "applied": gettext_lazy("taken"),
    "late": gettext_lazy("after the end of the order"),
    "stale": gettext_lazy("older than what was known"),
    "stranger": gettext_lazy("about no order of ours"),
    "unreadable": gettext_lazy("not readable"),
}
HAPPENED = {
    "switched_on": gettext_lazy("Switched on"),
    "switched_off": gettext_lazy("Switched off"),
    "breaker_opened": gettext_lazy("Calls paused: too many failed in a row"),
    "breaker_closed": gettext_lazy("Calls go through again"),
    "balance_low": gettext_lazy("Our balance there fell below the alarm"),
    "word_mapped": gettext_lazy("Words were given a meaning"),
    "limits_set": gettext_lazy("Limits were set"),
    "offer_set": gettext_lazy("A service was set"),
    "price_changed": gettext_lazy("A price changed"),
    "secret_renewed": gettext_lazy("The secret was renewed"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider with what the list shows of it."""

    row: ProviderRow
    health: queries.Health
    out: queries.Outstanding
    unmapped: int

    @property
    def balance(self) -> str:
        """What we have left there, in its currency."""
        if self.row.balance_nano is None:
            return ""
        return f"{text_of(self.row.balance_nano)} {self.row.currency}"

    @property
    def low(self) -> bool:
        """Whether that is below the alarm."""
        floor, has = self.row.low_balance_nano, self.row.balance_nano
        return floor is not None and has is not None and has < floor


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One of our services at a provider."""

    code: str
    name: str
    delivered: bool
    remote: str
    cost: str
    cost_units: int | None
    margin: int | None


@desk_page("GET")
def provider_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Every provider with its health, and the orders for which we got back what the customer did not."""
    context = {"room": "desk-providers", "providers": _listed(), "owed": queries.owed()}
    return desk_show(request, person, "desk/providers.html", context)


@desk_page("GET")
def provider_page(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """One provider."""
    return _page(request, person, provider_id)


@desk_page("POST", need=Permission.PROVIDER_MANAGE)
def switch(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """Switches a provider on or off."""
    on = one_of(request.POST.get("on", ""), "on", ("1", "0")) == "1"
    actions.switch(person, checked_id(provider_id), on)
    text = _("It gets new orders.") if on else _("It gets no new orders; those that it has are followed to their end.")
    return done(request, text, "desk:provider", provider_id)


@desk_page("POST", need=Permission.PROVIDER_MANAGE)
def close_breaker(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """Lets calls through again."""
    actions.close_breaker(person, checked_id(provider_id))
    return done(request, _("Calls go through again."), "desk:provider", provider_id)


@desk_page("POST", need=Permission.PROVIDER_MANAGE)
def say_meaning(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """Says what words mean."""
    try:
        word_id = parse_count(request.POST.get("word", ""), field="word")
        actions.say_meaning(person, checked_id(provider_id), word_id, request.POST.get("meaning", ""))
    except Refusal as refused:
        return _page(request, person, provider_id, refused, "word")
    return done(request, _("From now on these words are read like that."), "desk:provider", provider_id)


@desk_page("POST", need=Permission.PROVIDER_MANAGE)
def set_limits(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """Sets rate limit, alarm and rate of exchange."""
    try:
        calls = request.POST.get("calls_per_minute", "").strip()
        rate = request.POST.get("currency", "").strip()
        actions.set_limits(
            person, checked_id(provider_id),
            calls_per_minute=parse_count(calls, field="calls_per_minute") if calls else None,
            low_balance=request.POST.get("low_balance", ""),
            currency_units=parse_credits(rate, field="currency") if rate else None,
        )  # fmt: skip
    except Refusal as refused:
        return _page(request, person, provider_id, refused, "limits")
    return done(request, _("Saved."), "desk:provider", provider_id)


@desk_page("POST", need=Permission.PROVIDER_MANAGE)
def set_offer(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """Says what it calls a service, and what that costs."""
    try:
        actions.set_offer(
            person, checked_id(provider_id), request.POST.get("service", ""),
            remote_service=request.POST.get("remote_service", ""), unit_cost=request.POST.get("unit_cost", ""),
        )  # fmt: skip
    except Refusal as refused:
        return _page(request, person, provider_id, refused, "offer")
    return done(request, _("Saved."), "desk:provider", provider_id)


@desk_page("POST", need=Permission.PROVIDER_MANAGE)
def renew_secret(request: HttpRequest, person: Person, provider_id: int) -> HttpResponse:
    """Renews the secret and shows it, once."""
    row = queries.provider_for_desk(person, checked_id(provider_id))
    return _page(request, person, provider_id, secret=actions.renew_secret(person, row))


def _listed() -> list[Listed]:
    health, out, unmapped = queries.health_of(), queries.outstanding(), queries.unmapped_counts()
    return [
        Listed(
            row, health.get(row.id, queries.Health()), out.get(row.id, queries.Outstanding()), unmapped.get(row.id, 0)
        )
        for row in providers()
    ]


def _page(
    request: HttpRequest, person: Person, provider_id: int, refused: Refusal | None = None, posted: str = "",
    secret: str = "",
) -> HttpResponse:  # fmt: skip
    row = queries.provider_for_desk(person, checked_id(provider_id))
    events = queries.events_of_provider(row.id)
    names = names_of({event.actor_id for event in events})
    low = row.low_balance_nano
    context = {
        "room": "desk-providers",
        "one": next(one for one in _listed() if one.row.id == row.id),
        "secret": secret,
        "kinds": [(KINDS.get(kind.kind, kind.kind), kind.health) for kind in queries.health_by_kind(row.id)],
        "calls": _calls(row),
        "words": [
            (word, PLACES[word.place], MEANINGS[word.meaning], _choices(word.place))
            for word in queries.words_of(row.id)
        ],
        "services": _services(row),
        "cost": queries.cost_of(row),
        "callbacks": [(OUTCOMES[name], number) for name, number in queries.callback_counts(row.id).items()],
        "balances": _balances(row),
        "events": [(HAPPENED.get(one.kind, one.kind), names.get(one.actor_id or 0, ""), one) for one in events],
        "low_balance": text_of(low).replace(",", "") if low is not None else "",
        "service_choices": [(line.code, f"{line.code} · {line.name}") for line in _services(row)],
    }
    return desk_show(request, person, "desk/provider.html", context, refused, posted)


def _choices(place: str) -> list[tuple[str, object]]:
    return [(choice, MEANINGS[choice]) for choice in ("", *CHOICES[Place(place)])]


def _services(row: ProviderRow) -> list[ServiceLine]:
    ours = [service for service in services() if service.delivery == "provider"]
    margin = queries.margins(row, {service.code: service.price_units for service in ours})
    lines = []
    for service in ours:
        offer = row.offers.get(service.code)
        units, left = margin.get(service.code, (None, None))
        cost = text_of(offer.cost_nano) if offer and offer.cost_nano is not None else ""
        lines.append(
            ServiceLine(
                service.code, service.name(language()), row.delivers(service.code), row.remote_service(service.code),
                cost, units, left,
            )
        )  # fmt: skip
    return lines


def _calls(row: ProviderRow) -> Chart:
    hours = queries.calls_by_hour(row.id)
    return Chart(
        _("Calls in the last 24 hours"),
        _("How many calls went well and how many failed, by hour."),
        tuple(local(hour).split(" ")[-1] for hour, _well, _failed in hours),
        (
            Series(_("went well"), tuple(float(well) for _hour, well, _failed in hours)),
            Series(_("failed"), tuple(float(failed) for _hour, _well, failed in hours)),
        ),
        Kind.STACKED,
    )


def _balances(row: ProviderRow) -> Chart:
    readings = queries.balances_of(row.id)
    return Chart(
        _("Our balance there"),
        _("The newest readings, in the provider's currency."),
        tuple(local(at) for at, _nano in readings),
        (Series(row.currency or _("balance"), tuple(nano / 1_000_000_000 for _at, nano in readings)),),
        Kind.LINES,
    )
