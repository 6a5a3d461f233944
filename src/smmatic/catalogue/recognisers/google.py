"""Google addresses: Business Profiles, Maps places and Google Ads accounts. Pure."""

import re

from smmatic.catalogue.addresses import Address
from smmatic.catalogue.hosts import is_within
from smmatic.catalogue.kinds import Kind, Link, Platform, UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

_HOST = re.compile(r"(?:([a-z0-9-]+)\.)?google\.(com|[a-z]{2}|com?\.[a-z]{2})")
_FEATURE = re.compile(r"!1s(0x[0-9a-f]{1,16}:0x[0-9a-f]{1,16})", re.IGNORECASE)
_PLACE_ID = re.compile(r"[A-Za-z0-9_-]{20,200}")
_CODE = re.compile(r"(?:r/)?[A-Za-z0-9_-]{4,60}")
_SITES = frozenset({"drive", "docs", "sites", "play", "forms", "photos", "chromewebstore", "lookerstudio", "cloud"})
"""Google's hosts that show people's own pages and files: plain sites."""


def recognise(address: Address) -> Link | None:
    """The Google link behind an address, or None when the host isn't Google's or shows a plain page.

    Raises:
        UnreadableLink: `link_platform_page`, `link_private_page`, `link_ads_account_hidden`.
    """
    host, segments = address.host, address.segments
    if host in ("maps.app.goo.gl", "share.google") or (host == "goo.gl" and segments[:1] == ("maps",)):
        return _short(address)
    if host == "g.page" or (host == "g.co" and segments[:1] == ("kgs",)):
        return _short(address)
    match = _HOST.fullmatch(host)
    if match is None or (match[1] or "") in _SITES:
        return None
    part, country = match[1] or "", _country(match[2])
    if part == "ads" or part == "adwords":
        raise UnreadableLink(Code.LINK_ADS_ACCOUNT_HIDDEN, platform="Google Ads")
    if part == "business":
        return _business_profile(address)
    found = _map(address, country) if part == "maps" or segments[:1] == ("maps",) else _review(address)
    if found is None:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Google")
    return found


def ads_account(text: str) -> Link | None:
    """A Google Ads customer id of 10 digits, as '123-456-7890', '123 456 7890' or '1234567890', or None."""
    match = re.fullmatch(r"([0-9]{3})[- ]?([0-9]{3})[- ]?([0-9]{4})", text)
    if match is None:
        return None
    number = "-".join(match.groups())
    return Link(Platform.GOOGLE, Kind.ADS_ACCOUNT, number, number)


def _country(suffix: str) -> str:
    return "" if suffix == "com" else suffix[-2:].upper()


def _short(address: Address) -> Link:
    segments = tuple(s for s in address.segments if s not in ("maps", "review", "kgs", "share"))
    code = "/".join(segments)
    if not _CODE.fullmatch(code):
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Google")
    folder = {"goo.gl": "maps/", "g.co": "kgs/"}.get(address.host, "")
    canonical = f"https://{address.host}/{folder}{code}"
    return Link(Platform.GOOGLE, Kind.BUSINESS, code, canonical, could_be=(Kind.BUSINESS,))


def _map(address: Address, country: str) -> Link | None:
    query, path = address.query, address.path
    if re.fullmatch(r"[0-9]{5,20}", query.get("cid", "")):
        return _place(query["cid"], f"https://www.google.com/maps?cid={query['cid']}", country)
    for value in (query.get("query_place_id", ""), query.get("q", "").removeprefix("place_id:")):
        if _PLACE_ID.fullmatch(value):
            return _place(value, f"https://www.google.com/maps/place/?q=place_id:{value}", country)
    segments = address.segments
    if segments[:2] == ("maps", "place") and len(segments) >= 3:
        return _named_place(segments[2], path, country)
    return None


def _named_place(name: str, path: str, country: str) -> Link:
    feature = _FEATURE.search(path)
    shown = name.replace("+", " ")[:80]
    if feature:
        cid = str(int(feature[1].split(":")[1], 16))
        return _place(cid, f"https://www.google.com/maps?cid={cid}", country, shown)
    slug = "+".join(re.findall(r"[^\W_]+", shown))
    if not slug:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Google")
    return _place(shown, Address("https", "www.google.com", ("maps", "place", slug), {}, False).canonical(), country)


def _place(number: str, canonical: str, country: str, name: str = "") -> Link:
    return Link(Platform.GOOGLE, Kind.BUSINESS, number, canonical, country=country, owner=name)


def _review(address: Address) -> Link | None:
    place = address.query.get("placeid", "")
    if address.path == "/local/writereview" and _PLACE_ID.fullmatch(place):
        return _place(place, f"https://www.google.com/maps/place/?q=place_id:{place}", "")
    return None


def _business_profile(address: Address) -> Link:
    match = re.fullmatch(r"/(?:n|dashboard/l|manage/l|b/[0-9]+/dashboard/l)/([0-9]{8,20})(?:/.*)?", address.path)
    if match is None:
        raise UnreadableLink(Code.LINK_PRIVATE_PAGE)
    return _place(match[1], f"https://business.google.com/n/{match[1]}/profile", "")


def is_google(host: str) -> bool:
    """Whether the host is one of Google's own, plain pages included."""
    return bool(_HOST.fullmatch(host)) or is_within(host, "goo.gl")
