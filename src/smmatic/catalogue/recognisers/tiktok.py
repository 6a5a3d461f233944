"""TikTok and TikTok Shop addresses. Pure."""

import re

from smmatic.catalogue.addresses import Address
from smmatic.catalogue.hosts import is_within
from smmatic.catalogue.kinds import Kind, Link, Platform, UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

HOME = "https://www.tiktok.com"
HANDLE = re.compile(r"@?([A-Za-z0-9_](?:[A-Za-z0-9._]{0,22}[A-Za-z0-9_])?)")
_PROFILE = re.compile(rf"/@{HANDLE.pattern[2:]}(?:/live)?")
_VIDEO = re.compile(rf"/@{HANDLE.pattern[2:]}/(video|photo)/([0-9]{{6,20}})")
_VIDEO_ALONE = re.compile(r"(?:/i18n)?/(?:share/video|v|embed|embed/v[0-9]|player/v1)/([0-9]{6,20})(?:\.html)?")
_SHORT = re.compile(r"(?:/t)?/([A-Za-z0-9]{6,16})")
_PRODUCT = re.compile(r"(?:/shop)?(?:/([a-z]{2}))?/(?:view/product|pdp(?:/[^/]+)?)/([0-9]{10,20})")
_SHOP = re.compile(r"(?:/shop)?(?:/([a-z]{2}))?/(?:view/shop|store(?:/[^/]+)?)/([0-9]{10,20})")
_SHOP_CODE = re.compile(r"(VN|TH|MY|SG|PH|ID|US|GB|MX|ES|DE|FR|IT|JP|BR)(?:LC|CB)[A-Z0-9]{6}")
_SHORT_KINDS = (Kind.VIDEO, Kind.PROFILE, Kind.PRODUCT, Kind.SHOP, Kind.POST)


def recognise(address: Address) -> Link | None:
    """The TikTok link behind an address, or None when the host isn't TikTok's.

    Raises:
        UnreadableLink: `link_platform_page`, `link_private_page`, `link_ads_account_hidden`.
    """
    host, path = address.host, address.path
    if not (is_within(host, "tiktok.com") or is_within(host, "tiktokv.com")):
        return None
    if host == "ads.tiktok.com":
        return _ads_account(address)
    if host in ("vm.tiktok.com", "vt.tiktok.com") or path.startswith("/t/"):
        return _short(address)
    if host.startswith("seller"):
        raise UnreadableLink(Code.LINK_PRIVATE_PAGE)
    return _video(path) or _shop(address) or _profile(path) or _other(path)


def handle(text: str) -> Link | None:
    """The profile of a handle typed alone, such as '@name', or None."""
    match = HANDLE.fullmatch(text)
    return _profile_link(match[1]) if match else None


def ads_account(digits: str) -> Link | None:
    """An advertiser id of 10 to 20 digits, or None."""
    if not re.fullmatch(r"[0-9]{10,20}", digits):
        return None
    return Link(Platform.TIKTOK, Kind.ADS_ACCOUNT, digits, digits)


def shop_code(text: str) -> Link | None:
    """A shop code from Seller Center, such as 'VNLCABCD12', or None."""
    match = _SHOP_CODE.fullmatch(text.upper())
    return Link(Platform.TIKTOK, Kind.SHOP, match[0], match[0], country=match[1]) if match else None


def _profile_link(name: str) -> Link:
    lower = name.lower()
    return Link(Platform.TIKTOK, Kind.PROFILE, f"@{lower}", f"{HOME}/@{lower}")


def _profile(path: str) -> Link | None:
    match = _PROFILE.fullmatch(path)
    return _profile_link(match[1]) if match else None


def _video(path: str) -> Link | None:
    match = _VIDEO.fullmatch(path)
    if match:
        owner, part, number = "@" + match[1].lower(), match[2], match[3]
        kind = Kind.VIDEO if part == "video" else Kind.POST
        return Link(Platform.TIKTOK, kind, number, f"{HOME}/{owner}/{part}/{number}", owner=owner)
    match = _VIDEO_ALONE.fullmatch(path)
    if match:
        return Link(Platform.TIKTOK, Kind.VIDEO, match[1], f"{HOME}/embed/{match[1]}")
    return None


def _shop(address: Address) -> Link | None:
    match = _PRODUCT.fullmatch(address.path)
    if match:
        country = (match[1] or "").upper()
        return Link(Platform.TIKTOK, Kind.PRODUCT, match[2], f"{HOME}/view/product/{match[2]}", country=country)
    match = _SHOP.fullmatch(address.path)
    if match:
        country = (match[1] or "").upper()
        return Link(Platform.TIKTOK, Kind.SHOP, match[2], f"{HOME}/shop/store/{match[2]}", country=country)
    return None


def _short(address: Address) -> Link:
    match = _SHORT.fullmatch(address.path)
    if match is None:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="TikTok")
    host = "vm.tiktok.com" if address.host == "vm.tiktok.com" else "vt.tiktok.com"
    canonical = f"{HOME}/t/{match[1]}" if address.path.startswith("/t/") else f"https://{host}/{match[1]}"
    return Link(Platform.TIKTOK, Kind.VIDEO, match[1], canonical, could_be=_SHORT_KINDS)


def _ads_account(address: Address) -> Link:
    found = ads_account(address.query.get("aadvid", "")) or ads_account(address.query.get("advertiser_id", ""))
    if found is None:
        raise UnreadableLink(Code.LINK_ADS_ACCOUNT_HIDDEN, platform="TikTok")
    return found


def _other(path: str) -> Link:
    raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="TikTok")
