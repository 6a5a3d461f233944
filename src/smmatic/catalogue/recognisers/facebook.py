"""Facebook addresses: pages, groups, posts, videos, Marketplace and ad accounts. Pure."""

import re

from smmatic.catalogue.addresses import Address
from smmatic.catalogue.hosts import is_within
from smmatic.catalogue.kinds import Kind, Link, Platform, UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

HOME = "https://www.facebook.com"
USERNAME = re.compile(r"@?([A-Za-z0-9](?:[A-Za-z0-9.]{1,48})[A-Za-z0-9])")
_NUMBER = r"[0-9]{5,20}"
_POST_ID = r"(?:[0-9]{5,20}|pfbid[A-Za-z0-9]{20,100})"
_OWNER = r"([A-Za-z0-9.\-]{2,60})"
_GROUP = re.compile(rf"/groups/({_OWNER[1:-1]})(?:/(?:about|members|media|discussion))?")
_GROUP_POST = re.compile(rf"/groups/({_OWNER[1:-1]})/(?:posts|permalink)/({_POST_ID})")
_PAGE_BY_ID = re.compile(
    rf"/(?:people|pages)/(?:category/)?[^/]+/({_NUMBER})|/(?:p|pages/category/[^/]+)/[^/]*?-?({_NUMBER})"
)
_POST = re.compile(rf"/{_OWNER}/(?:posts|activity)/(?:[^/]+/)?({_POST_ID})")
_PHOTO = re.compile(rf"/{_OWNER}/photos/(?:[^/]+/)?({_NUMBER})")
_VIDEO = re.compile(rf"/{_OWNER}/videos/(?:[^/]+/)?({_NUMBER})")
_REEL = re.compile(rf"/(?:reel|reels|watch/live)/({_NUMBER})")
_SHARE = re.compile(r"/share(?:/([vrpg]))?/([A-Za-z0-9]{6,24})")
_ITEM = re.compile(rf"/(?:marketplace/item|commerce/products)/(?:[^/]+/)?({_NUMBER})")
_SHOP = re.compile(rf"/{_OWNER}/shop|/marketplace/profile/({_NUMBER})")
_EVENT = re.compile(rf"/events/(?:[^/]+/)?({_NUMBER})")
_RESERVED_WORDS = (
    "watch groups events marketplace login share sharer story.php permalink.php photo.php photo photos"
    " profile.php pages people reel reels gaming help policies ads adsmanager business settings messages"
    " notifications friends hashtag search dialog plugins tr video.php media home.php privacy terms about careers"
    " l.php recover stories bookmarks memories saved fundraisers login.php checkpoint logout.php legal commerce"
    " live latest signup r.php index.php"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())
_SHARED: dict[str | None, tuple[Kind, tuple[Kind, ...]]] = {
    "v": (Kind.VIDEO, (Kind.VIDEO,)),
    "r": (Kind.VIDEO, (Kind.VIDEO,)),
    "p": (Kind.POST, (Kind.POST,)),
    "g": (Kind.PROFILE, (Kind.PROFILE,)),
    None: (Kind.POST, (Kind.POST, Kind.PROFILE, Kind.VIDEO, Kind.PRODUCT)),
}


def recognise(address: Address) -> Link | None:
    """The Facebook link behind an address, or None when the host isn't Facebook's.

    Raises:
        UnreadableLink: `link_platform_page`, `link_private_page`, `link_ads_account_hidden`.
    """
    host = address.host
    if host == "fb.watch" and len(address.segments) == 1:
        code = address.segments[0]
        return Link(Platform.FACEBOOK, Kind.VIDEO, code, f"https://fb.watch/{code}/", could_be=(Kind.VIDEO,))
    if host in ("m.me", "fb.me") and len(address.segments) == 1:
        return username(address.segments[0]) or _other()
    if not (is_within(host, "facebook.com") or is_within(host, "fb.com")):
        return None
    if "adsmanager" in host or address.segments[:1] in (("adsmanager",), ("ads",)):
        return _ads_account(address)
    if host.startswith("business."):
        raise UnreadableLink(Code.LINK_PRIVATE_PAGE)
    return _by_query(address) or _by_path(address.path) or _profile(address) or _other()


def username(text: str) -> Link | None:
    """The page of a user name typed alone, such as '@page', or None."""
    match = USERNAME.fullmatch(text)
    if match is None or match[1].lower() in _RESERVED or match[1].lower().endswith((".php", ".html")):
        return None
    name = match[1].lower()
    return Link(Platform.FACEBOOK, Kind.PROFILE, name, f"{HOME}/{name}")


def ads_account(text: str) -> Link | None:
    """An ad account of 10 to 20 digits, with or without 'act_', or None."""
    match = re.fullmatch(r"(?:act[_=])?([0-9]{10,20})", text, re.IGNORECASE)
    return Link(Platform.FACEBOOK, Kind.ADS_ACCOUNT, match[1], f"act_{match[1]}") if match else None


def _by_query(address: Address) -> Link | None:
    path, query = address.path, address.query
    if path == "/profile.php" and re.fullmatch(_NUMBER, query.get("id", "")):
        return _numbered_profile(query["id"])
    if path in ("/permalink.php", "/story.php") and re.fullmatch(_POST_ID, query.get("story_fbid", "")):
        owner = query.get("id", "")
        if re.fullmatch(_NUMBER, owner):
            post = query["story_fbid"]
            return Link(Platform.FACEBOOK, Kind.POST, post, f"{HOME}/permalink.php?story_fbid={post}&id={owner}")
    if path in ("/photo.php", "/photo") and re.fullmatch(_NUMBER, query.get("fbid", "")):
        return Link(Platform.FACEBOOK, Kind.POST, query["fbid"], f"{HOME}/photo/?fbid={query['fbid']}")
    if path in ("/watch", "/watch/live", "/video.php") and re.fullmatch(_NUMBER, query.get("v", "")):
        return _video(query["v"])
    return None


def _by_path(path: str) -> Link | None:
    if match := _SHARE.fullmatch(path):
        kind, could_be = _SHARED[match[1]]
        return Link(Platform.FACEBOOK, kind, match[2], f"{HOME}{path}/", could_be=could_be)
    if match := _GROUP_POST.fullmatch(path):
        return _post(f"{HOME}/groups/{match[1]}/posts/{match[2]}", match[2])
    if match := _GROUP.fullmatch(path):
        return Link(Platform.FACEBOOK, Kind.PROFILE, f"groups/{match[1]}", f"{HOME}/groups/{match[1]}")
    if match := _ITEM.fullmatch(path):
        return Link(Platform.FACEBOOK, Kind.PRODUCT, match[1], f"{HOME}/marketplace/item/{match[1]}")
    if match := _SHOP.fullmatch(path):
        return Link(Platform.FACEBOOK, Kind.SHOP, match[1] or match[2], HOME + path)
    if match := _EVENT.fullmatch(path):
        return _post(f"{HOME}/events/{match[1]}", match[1])
    if match := _PAGE_BY_ID.fullmatch(path):
        return _numbered_profile(match[1] or match[2])
    if match := _REEL.fullmatch(path):
        return _video(match[1])
    if match := _VIDEO.fullmatch(path):
        return _video(match[2], match[1])
    if match := _POST.fullmatch(path):
        return _post(f"{HOME}/{match[1]}/posts/{match[2]}", match[2], match[1])
    if match := _PHOTO.fullmatch(path):
        return _post(f"{HOME}/photo/?fbid={match[2]}", match[2], match[1])
    return None


def _profile(address: Address) -> Link | None:
    if len(address.segments) == 2 and address.segments[1] in ("about", "photos", "videos", "reviews", "reels"):
        return username(address.segments[0])
    if len(address.segments) != 1:
        return None
    name = address.segments[0]
    if re.fullmatch(_NUMBER, name):
        return _numbered_profile(name)
    numbered = re.fullmatch(rf"[^/]+-({_NUMBER})", name)
    return _numbered_profile(numbered[1]) if numbered else username(name)


def _numbered_profile(number: str) -> Link:
    return Link(Platform.FACEBOOK, Kind.PROFILE, number, f"{HOME}/profile.php?id={number}")


def _video(number: str, owner: str = "") -> Link:
    return Link(Platform.FACEBOOK, Kind.VIDEO, number, f"{HOME}/watch/?v={number}", owner=owner)


def _post(canonical: str, number: str, owner: str = "") -> Link:
    return Link(Platform.FACEBOOK, Kind.POST, number, canonical, owner=owner)


def _ads_account(address: Address) -> Link:
    found = ads_account(address.query.get("act", "")) or ads_account(address.query.get("account_id", ""))
    if found is None:
        raise UnreadableLink(Code.LINK_ADS_ACCOUNT_HIDDEN, platform="Facebook")
    return found


def _other() -> Link:
    raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Facebook")
