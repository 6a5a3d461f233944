"""Shopee addresses of every country: products, shops and short forms. Pure."""

import re

from smmatic.catalogue.addresses import Address
from smmatic.catalogue.kinds import Kind, Link, Platform, UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

COUNTRIES = {
    "shopee.vn": "VN",
    "shopee.sg": "SG",
    "shopee.com.my": "MY",
    "shopee.ph": "PH",
    "shopee.co.th": "TH",
    "shopee.co.id": "ID",
    "shopee.tw": "TW",
    "shopee.com.br": "BR",
    "shopee.com.mx": "MX",
    "shopee.com.co": "CO",
    "shopee.cl": "CL",
}
_SLUG_PRODUCT = re.compile(r"(?:/universal-link)?/(?:[^/]*-)?i\.([0-9]{1,12})\.([0-9]{1,15})")
_PRODUCT = re.compile(r"(?:/universal-link)?/(?:product|opaanlp|now-food/shop|item)/([0-9]{1,12})/([0-9]{1,15})")
_NAMED_PRODUCT = re.compile(r"/[^/]+/([0-9]{4,12})/([0-9]{5,15})")
_SHOP = re.compile(r"(?:/universal-link)?/shop/([0-9]{1,12})(?:/search)?")
_USERNAME = re.compile(r"/([A-Za-z0-9][A-Za-z0-9._-]{1,29})")
_CODE = re.compile(r"/([A-Za-z0-9]{4,16})")
_PRIVATE = ("banhang", "seller", "affiliate", "portal", "uniportal", "ads", "open", "partner")
_RESERVED_WORDS = (
    "cart user buyer search flash_sale flash_deals mall m events daily_discover verify shop product help web"
    " all_categories login signup payment checkout docs legaldoc blog live games voucher vouchers collections list"
    " find_similar_products top_products recommended_products universal-link categories supermarket"
    " digital-product"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())
_SHORT_KINDS = (Kind.PRODUCT, Kind.SHOP)


def recognise(address: Address) -> Link | None:
    """The Shopee link behind an address, or None when the host isn't Shopee's.

    Raises:
        UnreadableLink: `link_platform_page`, `link_private_page`.
    """
    host = address.host
    if host in ("shp.ee", "shope.ee") or host.endswith((".shp.ee", ".shope.ee")):
        region = host.split(".")[0].upper()
        return _short(address, region if len(region) == 2 else "")
    domain = next((name for name in COUNTRIES if host == name or host.endswith(f".{name}")), "")
    if not domain:
        return None
    part = host.removesuffix(domain).removesuffix(".")
    if part == "s":
        return _short(address, COUNTRIES[domain])
    if part in _PRIVATE:
        raise UnreadableLink(Code.LINK_PRIVATE_PAGE)
    found = None
    if part in ("", "www", "m", "mall"):
        found = _product(address.path, domain) or _shop(address.path, domain)
    if found is None:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Shopee")
    return found


def _product(path: str, domain: str) -> Link | None:
    for pattern in (_SLUG_PRODUCT, _PRODUCT, _NAMED_PRODUCT):
        if match := pattern.fullmatch(path):
            shop, item = match[1], match[2]
            canonical = f"https://{domain}/product/{shop}/{item}"
            return Link(Platform.SHOPEE, Kind.PRODUCT, f"{shop}.{item}", canonical, country=COUNTRIES[domain])
    return None


def _shop(path: str, domain: str) -> Link | None:
    country = COUNTRIES[domain]
    if match := _SHOP.fullmatch(path):
        return Link(Platform.SHOPEE, Kind.SHOP, match[1], f"https://{domain}/shop/{match[1]}", country=country)
    match = _USERNAME.fullmatch(path)
    if match and match[1].lower() not in _RESERVED and "-cat." not in path:
        name = match[1].lower()
        return Link(Platform.SHOPEE, Kind.SHOP, name, f"https://{domain}/{name}", country=country)
    return None


def _short(address: Address, country: str) -> Link:
    match = _CODE.fullmatch(address.path)
    if match is None:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Shopee")
    canonical = f"https://{address.host}/{match[1]}"
    return Link(Platform.SHOPEE, Kind.PRODUCT, match[1], canonical, country=country, could_be=_SHORT_KINDS)
