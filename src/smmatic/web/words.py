"""The words, icons and tones of statuses, platforms and categories: one table for page and desk. Pure.

A tone is a colour family of the style sheet; the icon and the word always say the same without it.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Word:
    """How one state is shown: a word, an icon of the sprite and a tone (good, info, warn, bad or '')."""

    label: str | Promise
    icon: str
    tone: str = ""


STATUS: dict[str, dict[str, Word]] = {
    "order": {
        "pending": Word(_("Pending"), "hourglass", "info"),
        "processing": Word(_("Processing"), "progress", "info"),
        "in_progress": Word(_("In progress"), "progress", "info"),
        "completed": Word(_("Completed"), "circle-check", "good"),
        "partial": Word(_("Partly delivered"), "circle-dot", "warn"),
        "failed": Word(_("Failed"), "circle-x", "bad"),
        "cancelled": Word(_("Cancelled"), "arrow-back-up", ""),
        "rejected": Word(_("Rejected"), "ban", "bad"),
    },
    "case": {
        "open": Word(_("Open"), "inbox", "info"),
        "waiting": Word(_("Waiting for you"), "bell", "warn"),
        "in_review": Word(_("In review"), "eye", "info"),
        "approved": Word(_("Approved"), "circle-check", "good"),
        "settled": Word(_("Credits returned"), "circle-check", "good"),
        "denied": Word(_("Declined"), "circle-x", "bad"),
        "withdrawn": Word(_("Withdrawn"), "arrow-back-up", ""),
    },
    "deposit": {
        "requested": Word(_("Waiting for your transfer"), "hourglass", "info"),
        "confirmed": Word(_("Confirmed"), "circle-check", "good"),
        "parked": Word(_("Being checked"), "eye", "warn"),
        "cancelled": Word(_("Cancelled"), "arrow-back-up", ""),
        "declined": Word(_("Not accepted"), "circle-x", "bad"),
    },
    "stop": {
        "asked": Word(_("Stop asked"), "player-stop", "warn"),
        "confirmed": Word(_("Stopped"), "circle-check", "good"),
        "refused": Word(_("Stop not possible"), "circle-x", "bad"),
        "too_late": Word(_("Too late to stop"), "circle-x", "bad"),
        "unknown": Word(_("No answer to the stop request"), "help-circle", "warn"),
    },
    "desk_order": {"waiting": Word(_("Waiting for the customer"), "bell", "warn")},
    "desk_case": {
        "waiting": Word(_("Waiting for the customer"), "bell", "warn"),
        "approved": Word(_("Second person needed"), "users", "warn"),
    },
    "desk_deposit": {
        "requested": Word(_("Transfer expected"), "hourglass", "info"),
        "parked": Word(_("Amount unlike the request"), "alert-triangle", "warn"),
    },
    "decision": {
        "approve": Word(_("Credits return"), "circle-check", "good"),
        "deny": Word(_("No Credits return"), "circle-x", "bad"),
        "review": Word(_("A person decides"), "eye", "info"),
    },
}
"""Words by kind of thing and state. An unknown state is shown as it is, with a neutral icon.

A kind that begins with 'desk_' has only what staff read otherwise than the customer; the rest is the same.
"""

WAITING_FOR_YOU = Word(_("Waiting for you"), "bell", "warn")

PLATFORM: dict[str, Word] = {
    "tiktok": Word("TikTok", "brand-tiktok"),
    "facebook": Word("Facebook", "brand-facebook"),
    "google": Word("Google", "brand-google"),
    "shopee": Word("Shopee", "shopping-bag"),
    "lazada": Word("Lazada", "shopping-cart"),
    "any": Word(_("Any platform"), "world"),
}
"""Platforms of the catalogue by code."""

CATEGORY: dict[str, Word] = {
    "Advertising": Word(_("Advertising"), "speakerphone"),
    "Shop": Word(_("Shop"), "building-store"),
    "Creative": Word(_("Creative"), "photo"),
    "Care": Word(_("Care"), "headset"),
    "Language": Word(_("Language"), "language"),
}
"""Categories of the catalogue by their name in it."""

LINK_KIND: dict[str, str | Promise] = {
    "profile": _("a profile or page"),
    "video": _("a video"),
    "post": _("a post"),
    "shop": _("a shop"),
    "product": _("a product"),
    "business": _("a business profile"),
    "ads_account": _("an ads account"),
    "site": _("a website"),
    "upload": _("files you send us"),
    "any": _("any public link"),
}
"""What a service works on, as it is named in a sentence."""

CLAIMS: dict[str, str | Promise] = {
    "platform_fault": _("an error of ours"),
    "fulfilment_fault": _("a failure in the delivery"),
    "wrong_information": _("wrong information in the order"),
    "third_party_violation": _("a breach of the platform's rules"),
    "expectations": _("the result is less than hoped for"),
}
"""Claims as they are named in a sentence."""

PROOFS: dict[str, str | Promise] = {
    "none": _("not claimed"),
    "alleged": _("claimed, not yet checked"),
    "claimed": _("claimed"),
    "verified": _("confirmed"),
    "refuted": _("checked and not confirmed"),
    "withdrawn": _("taken back"),
}
"""How far a claim is proven."""

SOURCES: dict[str, str | Promise] = {
    "customer": _("said by the customer"),
    "provider": _("said by the delivery partner"),
    "staff": _("found by staff"),
    "system": _("seen by our own system"),
}
"""Who says what a claim says, as staff read it."""

BUCKETS: dict[str, str | Promise] = {
    "available": _("available"),
    "held": _("on hold"),
    "disputed": _("frozen"),
    "debt": _("debt"),
    "issuance": _("sold"),
    "promotion": _("given as bonus"),
    "goodwill": _("given as goodwill"),
    "revenue": _("earned"),
    "forfeited": _("kept"),
    "refunds": _("refunded"),
    "breakage": _("expired"),
    "disputes": _("lost in disputes"),
    "adjustments": _("corrected"),
}
"""Where Credits stand in the ledger: four buckets of a customer, the rest is the shop's."""


def word(kind: str, state: str) -> Word:
    """The word of a state; the state itself where the table has none."""
    known = STATUS.get(kind, {}).get(state) or STATUS.get(kind.removeprefix("desk_"), {}).get(state)
    return known or Word(state.replace("_", " ").capitalize(), "circle-dashed")


def platform(code: str) -> Word:
    """The platform's name and icon; the code itself where it is unknown."""
    return PLATFORM.get(code) or Word(code.capitalize(), "world")


def category(name: str) -> Word:
    """The category's name and icon; the name itself where it is unknown."""
    return CATEGORY.get(name) or Word(name, "package")
