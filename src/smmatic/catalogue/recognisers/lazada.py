"""Lazada addresses of every country: products, shops and short forms. Pure."""

import re

from smmatic.catalogue.addresses import Address
from smmatic.catalogue.kinds import Kind, Link, Platform, UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

COUNTRIES = {
    "lazada.vn": "VN",
    "lazada.sg": "SG",
    "lazada.com.my": "MY",
    "lazada.com.ph": "PH",
    "lazada.co.th": "TH",
    "lazada.co.id": "ID",
}
_PRODUCT = re.compile(r"/(?:products/)?(?:[^/]*-)?i([0-9]{5,15})(?:-s[0-9]{5,16})?\.html")
_SHOP = re.compile(r"(?:/shop)?/([A-Za-z0-9][A-Za-z0-9._-]{1,79})")
_CODE = re.compile(r"/((?:[a-z]/)?(?:[a-z]\.)?[A-Za-z0-9_-]{4,24})")
_PRIVATE = ("sellercenter", "seller", "gsp", "open", "adsense", "sponsor")
_RESERVED_WORDS = (
    "shop products catalog tag wow cart customer checkout helpcenter help about contact privacy-policy"
    " terms-of-use login register mall lazmall lazglobal wishlist blog flash-sale highlights top-up orders user"
    " address"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())
_SHORT_KINDS = (Kind.PRODUCT, Kind.SHOP)


def recognise(address: Address) -> Link | None:
    """The Lazada link behind an address, or None when the host isn't Lazada's.

    Raises:
        UnreadableLink: `link_platform_page`, `link_private_page`.
    """
    host = address.host
    if host == "lzd.co" or host.endswith(".lzd.co"):
        return _short(address, "")
    domain = next((name for name in COUNTRIES if host == name or host.endswith(f".{name}")), "")
    if not domain:
        return None
    part = host.removesuffix(domain).removesuffix(".")
    if part in ("s", "c"):
        return _short(address, COUNTRIES[domain])
    if part in _PRIVATE:
        raise UnreadableLink(Code.LINK_PRIVATE_PAGE)
    found = _product(address.path, domain) or _shop(address, domain) if part in ("", "www", "m", "pdp-m") else None
    if found is None:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Lazada")
    return found


def _product(path: str, domain: str) -> Link | None:
    match = _PRODUCT.fullmatch(path)
    if match is None:
        return None
    canonical = f"https://www.{domain}/products/i{match[1]}.html"
    return Link(Platform.LAZADA, Kind.PRODUCT, match[1], canonical, country=COUNTRIES[domain])


def _shop(address: Address, domain: str) -> Link | None:
    country = COUNTRIES[domain]
    number = address.query.get("shopId", "")
    if address.segments[:1] == ("shop",) and re.fullmatch(r"[0-9]{3,15}", number):
        canonical = f"https://www.{domain}/shop/i/landing_page/voucher?shopId={number}"
        return Link(Platform.LAZADA, Kind.SHOP, number, canonical, country=country)
    match = _SHOP.fullmatch(address.path)
    if match is None or match[1].lower() in _RESERVED or match[1].endswith((".html", ".htm", ".php")):
        return None
    name = match[1].lower()
    return Link(Platform.LAZADA, Kind.SHOP, name, f"https://www.{domain}/shop/{name}", country=country)


def _short(address: Address, country: str) -> Link:
    match = _CODE.fullmatch(address.path)
    if match is None:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Lazada")
    code = match[1]
    return Link(
        Platform.LAZADA, Kind.PRODUCT, code, f"https://{address.host}/{code}", country=country, could_be=_SHORT_KINDS
    )
