"""Recognises, canonicalises and checks the links that customers paste. Pure, no network.

The best refund is the one never needed: a link of another platform or kind is refused before the order, with what is
expected and an example.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from smmatic.catalogue import words
from smmatic.catalogue.addresses import Address, clean, only_link, read_address
from smmatic.catalogue.kinds import ANY_KIND, NO_LINK, Kind, Link, Platform, UnreadableLink, example_of
from smmatic.catalogue.recognisers import facebook, google, lazada, others, shopee, tiktok
from smmatic.kernel.refusals import Refusal
from smmatic.kernel.refusals import RefusalCode as Code

FIELD = "link"

_NUMBER = re.compile(r"(?:act[_=])?[0-9][0-9 -]{3,30}[0-9]", re.IGNORECASE)
_WRAPPED = {"/l.php": "u", "/url": "q", "/an_redir": "origin_link"}
_RECOGNISERS = (
    tiktok.recognise,
    facebook.recognise,
    google.recognise,
    shopee.recognise,
    lazada.recognise,
    others.youtube,
    others.instagram,
)


def recognise(text: object, *, platform: str = Platform.ANY, kinds: Sequence[str] = ()) -> Link:
    """What a pasted text leads to: platform, kind, id, the canonical address and the country where it tells.

    Args:
        text: what the customer typed or pasted: a link, an app's share text with one link, an ad account's number, or
            a handle such as '@name'.
        platform: the service's platform; says whose ad account a number is and whose profile a handle is.
        kinds: the service's link kinds; used for examples and for texts that aren't links.

    Raises:
        Refusal: with a `link_*` code; its facts hold `expected` and a well-formed `example`.
    """
    try:
        cleaned = clean(text)
        return _typed(cleaned, platform, tuple(kinds)) or _address(only_link(cleaned), platform, kinds)
    except UnreadableLink as problem:
        raise _refusal(problem, platform, tuple(kinds)) from None


def check_link(terms: Mapping[str, Any], text: object) -> Link:
    """The link of an order, when it is of the platform and of a kind that the service takes.

    Args:
        terms: a service's terms, of which `platform` and `link_kinds` are used.
        text: what the customer pasted; may be empty where the service takes files or a brief instead.

    Raises:
        Refusal: `link_wrong_platform`, `link_wrong_kind`, or another `link_*` code, each with an example.
    """
    platform, kinds = str(terms["platform"]), tuple(str(kind) for kind in terms["link_kinds"])
    if Kind.UPLOAD in kinds and (text is None or (isinstance(text, str) and not text.strip(" \t\r\n"))):
        return NO_LINK
    link = recognise(text, platform=platform, kinds=kinds)
    accepted = _accepted(link, platform, kinds)
    if accepted is not None:
        return accepted
    foreign = link.platform not in (platform, Platform.WEB) and platform != Platform.ANY
    code = Code.LINK_WRONG_PLATFORM if foreign else Code.LINK_WRONG_KIND
    raise _refusal(UnreadableLink(code, found=link.label), platform, kinds)


def link_example(terms: Mapping[str, Any]) -> str:
    """A well-formed link for a service, to show beside the empty field."""
    return example_of(str(terms["platform"]), _asked(tuple(terms["link_kinds"])))


def link_expected(terms: Mapping[str, Any]) -> str:
    """What a service takes in the active language, such as 'TikTok profile or website'."""
    return words.expected(str(terms["platform"]), terms["link_kinds"])


def _accepted(link: Link, platform: str, kinds: tuple[str, ...]) -> Link | None:
    """The link with the kind that the service takes, or None. A short form takes on a kind that it could be."""
    if link.platform == Platform.WEB:
        return link if Kind.SITE in kinds or ANY_KIND in kinds else None
    if platform not in (Platform.ANY, link.platform):
        return None
    if ANY_KIND in kinds or link.kind in kinds:
        return link
    for kind in link.could_be:
        if kind in kinds:
            return replace(link, kind=kind)
    # Where the platform doesn't matter, every page of a platform is a page of the web too.
    if platform == Platform.ANY and Kind.SITE in kinds and link.is_web_address:
        return link
    return None


def _typed(text: str, platform: str, kinds: tuple[str, ...]) -> Link | None:
    """Texts that aren't addresses: ad account numbers, shop codes, handles."""
    if _NUMBER.fullmatch(text):
        return _number(text, platform)
    if Kind.SHOP in kinds and platform == Platform.TIKTOK and (found := tiktok.shop_code(text)):
        return found
    if re.fullmatch(r"@[A-Za-z0-9._-]{2,50}", text):
        name = {Platform.TIKTOK: tiktok.handle, Platform.FACEBOOK: facebook.username}.get(Platform(platform))
        found = name(text) if name else None
        if found is None:
            raise UnreadableLink(Code.LINK_NOT_A_LINK)
        return found
    return None


def _number(text: str, platform: str) -> Link:
    if platform == Platform.GOOGLE or re.fullmatch(r"[0-9]{3}([- ])[0-9]{3}\1[0-9]{4}", text):
        found = google.ads_account(text)
    elif platform == Platform.TIKTOK:
        found = tiktok.ads_account(text)
    elif platform == Platform.FACEBOOK or text.lower().startswith("act"):
        found = facebook.ads_account(text)
    elif re.fullmatch(r"[0-9]+", text):
        raise UnreadableLink(Code.LINK_NUMBER_ALONE)
    else:
        raise UnreadableLink(Code.LINK_NOT_A_LINK)
    if found is None:
        raise UnreadableLink(Code.LINK_ADS_ACCOUNT_NUMBER, platform=words.platform_name(platform))
    return found


def _address(text: str, platform: str, kinds: Sequence[str]) -> Link:
    address = _unwrapped(read_address(text))
    try:
        for recogniser in _RECOGNISERS:
            found = recogniser(address)
            if found is not None:
                return found
    except UnreadableLink as problem:
        # A compliance check may well be about a category or a campaign page.
        if problem.code is Code.LINK_PLATFORM_PAGE and platform == Platform.ANY and ANY_KIND in kinds:
            return others.site(address)
        raise
    return others.site(address)


def _unwrapped(address: Address) -> Address:
    """The address inside a platform's redirect ('l.facebook.com/l.php?u=...'), checked like any other."""
    inside = address.query.get(_WRAPPED.get(address.path, ""), "")
    redirector = address.host in (
        "l.facebook.com",
        "lm.facebook.com",
        "l.instagram.com",
        "www.google.com",
        "google.com",
    )
    if not inside or not (redirector or re.match(r"s\.shopee\.", address.host)):
        return address
    return read_address(only_link(clean(inside)))


def _asked(kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind for kind in kinds if kind != Kind.UPLOAD)


def _refusal(problem: UnreadableLink, platform: str, kinds: tuple[str, ...]) -> Refusal:
    facts = {
        "expected": words.expected(platform, kinds or (ANY_KIND,)),
        "example": example_of(platform, _asked(kinds)),
        **problem.facts,
    }
    return Refusal(problem.code, FIELD, clause=None, **facts)
