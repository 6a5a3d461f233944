"""What templates of SMMATIC need: Credits, times, statuses, icons, clauses and form fields."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from smmatic.kernel.amounts import format_credits
from smmatic.kernel.refusals import CODES, Refusal
from smmatic.policy.shape import PolicyDocument
from smmatic.policy.words import preview_sentence
from smmatic.web import words

register = template.Library()


@register.filter
def credits(units: object) -> str:
    """Units as Credits in the page's language: 12345000 -> '1,234.50' or '1.234,50'. Nothing for None."""
    if not isinstance(units, int):
        return ""
    sign, text = ("\u2212" if units < 0 else ""), format_credits(abs(units))
    whole, _point, fraction = text.partition(".")
    grouped = f"{int(whole):,}".replace(",", formats.get_format("THOUSAND_SEPARATOR"))
    return f"{sign}{grouped}{formats.get_format('DECIMAL_SEPARATOR')}{fraction}"


@register.filter
def credits_or_none(units: object) -> str | None:
    """As `credits`, and None where the amount is not known."""
    return credits(units) if isinstance(units, int) else None


@register.filter
def signed(units: object) -> str:
    """As `credits`, with a plus before what comes in."""
    return f"+{credits(units)}" if isinstance(units, int) and units > 0 else credits(units)


@register.filter
def dong(amount: object) -> str:
    """Dong with grouping: 2500000 -> '2,500,000 ₫'."""
    if not isinstance(amount, int):
        return ""
    return f"{amount:,}".replace(",", formats.get_format("THOUSAND_SEPARATOR")) + "\u00a0₫"


@register.filter
def count(number: object) -> str:
    """A whole number with grouping in the page's language."""
    if not isinstance(number, int):
        return ""
    return f"{number:,}".replace(",", formats.get_format("THOUSAND_SEPARATOR"))


@register.filter
def local(moment: datetime | None) -> str:
    """Date and time in the shop's time zone."""
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT") if moment else ""


@register.filter
def clock(moment: datetime | None) -> str:
    """Only hour and minute in the shop's time zone."""
    return formats.date_format(timezone.localtime(moment), "H:i") if moment else ""


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """A time that the page shows relative ('3 minutes ago'), with the absolute time on hover and without scripts."""
    return _time(moment, local(moment), relative=True)


@register.simple_tag
def at(moment: datetime | None) -> SafeString | str:
    """An absolute time in the shop's zone."""
    return _time(moment, local(moment), relative=False)


@register.simple_tag
def due(moment: datetime | None) -> SafeString | str:
    """A promised time: weekday, date, hour and zone."""
    if moment is None:
        return ""
    here = timezone.localtime(moment)
    day = formats.date_format(here, "l")
    text = _("%(day)s, %(moment)s (Vietnam time)") % {"day": day, "moment": local(moment)}
    return _time(moment, text, relative=False)


def _time(moment: datetime | None, text: str, *, relative: bool) -> SafeString | str:
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}"{}>{}</time>', moment.isoformat(), SafeString(" data-rel") if relative else "", text
    )


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite; decoration only, so hidden from screen readers."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("vendor/tabler/icons.svg"),
        name,
    )


@register.simple_tag
def clause(number: str | None, label: str = "") -> SafeString | str:
    """A link to one clause of the policy page."""
    if not number:
        return ""
    text = label or _("clause %(number)s") % {"number": number}
    return format_html('<a class="clause" href="/policy#clause-{}">{}</a>', number, text)


@register.simple_tag
def promise(document: PolicyDocument, name: str, **values: object) -> SafeString | str:
    """What the policy says before a click, with its clause; nothing where the policy has no such sentence.

    Values that are None count as not known.
    """
    spoken = (get_language() or "en")[:2]
    try:
        said = preview_sentence(
            document, name, spoken, **{key: str(item) for key, item in values.items() if item is not None}
        )
        number = next(preview.clause for preview in document.previews if preview.id == name)
    except (KeyError, StopIteration):
        return ""
    return format_html("{} ({})", said, clause(number))


@register.simple_tag
def price(units_per_one: int, unit: str = "") -> SafeString:
    """'from 1.05 Credits per image': the price of one unit of a service."""
    amount = format_html('<span class="num">{}</span>', credits(units_per_one))
    if not unit:
        return format_html(_("{} Credits"), amount)
    return format_html(_("{} Credits per {}"), amount, unit)


@register.inclusion_tag("_status.html")
def status(kind: str, state: str, waiting: bool = False) -> dict[str, object]:
    """A badge with icon and word. `waiting` replaces the state by 'Waiting for you'."""
    return {"word": words.WAITING_FOR_YOU if waiting else words.word(kind, state)}


@register.filter
def status_word(state: str, kind: str) -> str:
    """Only the word of a state."""
    return str(words.word(kind, state).label)


@register.inclusion_tag("_platform.html")
def platform(code: str) -> dict[str, object]:
    """The platform's icon and name."""
    return {"word": words.platform(code)}


@register.filter
def platform_word(code: str) -> words.Word:
    """The platform's word and icon."""
    return words.platform(code)


@register.filter
def category_word(name: str) -> words.Word:
    """The category's word and icon."""
    return words.category(name)


@register.filter
def kinds(link_kinds: object) -> str:
    """'a shop or a product': the link kinds of a service in a sentence."""
    names = [
        str(words.LINK_KIND.get(str(kind), kind))
        for kind in (link_kinds if isinstance(link_kinds, (list, tuple)) else ())
    ]
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s or %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


@register.filter
def says_uncharged(refusal: object) -> bool:
    """Whether the refusal's own next step already says that nothing was charged."""
    return isinstance(refusal, Refusal) and "charged" in CODES[refusal.code].next_step


@register.filter
def claim_word(claim: str) -> str:
    """A claim about an order, in a sentence."""
    return str(words.CLAIMS.get(claim, claim))


@register.filter
def proof_word(proof: str) -> str:
    """How far a claim is proven."""
    return str(words.PROOFS.get(proof, proof))


@register.filter
def source_word(source: str) -> str:
    """Who says what a claim says, as staff read it."""
    return str(words.SOURCES.get(source, source))


@register.filter
def without_scheme(link: str) -> str:
    """A link as people read it: without https:// and www."""
    return link.removeprefix("https://").removeprefix("http://").removeprefix("www.")


@register.filter
def repeat_query(order: Any) -> str:
    """The address part that fills the order form with what an order asked for."""
    wanted = {"link": order.link, "brief": order.brief, "texts": order.texts}
    if order.runs:
        wanted |= {"runs": str(order.runs), "interval_minutes": str(order.interval_minutes)}
    elif not order.texts:
        wanted["quantity"] = str(order.quantity)
    query = urlencode({name: value for name, value in wanted.items() if value and len(value) <= 1_500})
    return f"?{query}" if query else ""


@register.filter
def day_words(day: object) -> str:
    """A date, or its ISO form, as people write it here."""
    parsed = date.fromisoformat(day) if isinstance(day, str) else day
    return formats.date_format(parsed, "SHORT_DATE_FORMAT") if isinstance(parsed, date) else str(day)


@register.filter
def words_of(texts: object) -> str:
    """Words that are kept by language, as a day's reason is."""
    if not isinstance(texts, dict):
        return str(texts)
    return str(texts.get((get_language() or "en")[:2]) or next(iter(texts.values()), ""))


@register.simple_tag
def outside(link: str) -> SafeString:
    """A customer's link: opened apart and without a referrer when it is a web address, else inert text."""
    shown = without_scheme(link)
    if link.startswith(("https://", "http://")):
        return format_html('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>', link, shown)
    return format_html("{}", shown)


@register.filter
def get(mapping: object, key: object) -> object:
    """A value of a dictionary by a key that is only known at run time."""
    return mapping.get(key) if isinstance(mapping, dict) else None


@register.filter
def in_language(row: object) -> str:
    """The name of a service or another row that has `name(language)`."""
    name = getattr(row, "name", "")
    return str(name((get_language() or "en")[:2]) if callable(name) else name)


@register.filter
def unit_in_language(row: object) -> str:
    """The unit of a service or another row that has `unit(language)`."""
    unit = getattr(row, "unit", "")
    return str(unit((get_language() or "en")[:2]) if callable(unit) else unit)


@register.filter
def gets_in_language(row: Any) -> str:
    """What a service gives, in the page's language."""
    return str(row.gets((get_language() or "en")[:2]))


@register.filter
def needs_in_language(row: Any) -> str:
    """What a service needs from the customer, in the page's language."""
    return str(row.needs((get_language() or "en")[:2]))


@register.filter
def link_hint(row: Any) -> str:
    """What the link field of a service takes."""
    return _("We take: %(expected)s.") % {"expected": row.link_expected}


@register.filter
def quantity_hint(row: Any) -> str:
    """The bounds of a service's quantity, with the step where it isn't one."""
    if row.min == row.max:
        return ""
    facts = {"minimum": count(row.min), "maximum": count(row.max), "step": count(row.step)}
    if row.step == 1:
        return _("%(minimum)s to %(maximum)s") % facts
    return _("%(minimum)s to %(maximum)s, in steps of %(step)s") % facts


@register.filter
def lines_hint(row: Any) -> str:
    """How many lines a service takes; each is one unit."""
    facts = {"minimum": count(row.min), "maximum": count(row.max)}
    return _("%(minimum)s to %(maximum)s lines; each line is one.") % facts


@register.inclusion_tag("_bound.html")
def bound(field: BoundField) -> dict[str, object]:
    """A field of a Django form, with label, hint and errors tied to it."""
    checkbox = isinstance(field.field.widget, CheckboxInput)
    described = [
        f"{field.auto_id}-{part}" for part, there in (("error", field.errors), ("hint", field.help_text)) if there
    ]
    attributes: dict[str, str | bool] = {"class": "form-check-input" if checkbox else "form-control"}
    attributes["placeholder"] = ""
    if field.errors:
        attributes["class"] = f"{attributes['class']} is-invalid"
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return {"field": field, "checkbox": checkbox, "widget": field.as_widget(attrs=attributes)}


@register.inclusion_tag("_field.html", takes_context=True)
def field(context: dict[str, Any], name: str, label: str, **options: object) -> dict[str, object]:
    """A labelled form field with hint and error, filled from the page's `values` and `errors`.

    Options: type, hint, value, required, optional, rows (makes a text area), choices (makes a select), after; every
    other option is an HTML attribute, underscores standing for hyphens. `form` names the form on a page with several:
    values and errors are then shown only in the one that was `posted`, and ids stay unique.
    """
    form = str(options.pop("form", ""))
    mine = not form or context.get("posted") == form
    errors: dict[str, Refusal] = (context.get("errors") or {}) if mine else {}
    values: dict[str, object] = (context.get("values") or {}) if mine else {}
    uid = f"{form}-{name}" if form else name
    known = {
        key: options.pop(key, None)
        for key in ("type", "hint", "value", "rows", "choices", "optional", "prefix", "suffix")
    }
    required = bool(options.pop("required", False))
    value = values.get(name, known["value"])
    described = " ".join(
        part for part in (f"{uid}-hint" if known["hint"] else "", f"{uid}-error" if name in errors else "") if part
    )
    return {
        **known,
        "uid": uid,
        "name": name,
        "label": label,
        "required": required,
        "value": "" if value is None else value,
        "error": errors.get(name),
        "described": described,
        "attributes": {key.replace("_", "-"): item for key, item in options.items() if item not in (None, False, "")},
    }
