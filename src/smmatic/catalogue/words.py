"""How links are named to people, in the active language."""

from collections.abc import Iterable

from django.utils.translation import gettext, gettext_noop

_ = gettext_noop

PHRASES: dict[tuple[str, str], str] = {
    ("tiktok", "profile"): _("TikTok profile"),
    ("tiktok", "video"): _("TikTok video"),
    ("tiktok", "post"): _("TikTok photo post"),
    ("tiktok", "product"): _("TikTok Shop product"),
    ("tiktok", "shop"): _("TikTok Shop store"),
    ("tiktok", "ads_account"): _("TikTok ad account"),
    ("facebook", "profile"): _("Facebook page or profile"),
    ("facebook", "video"): _("Facebook video"),
    ("facebook", "post"): _("Facebook post"),
    ("facebook", "product"): _("Facebook Marketplace item"),
    ("facebook", "shop"): _("Facebook shop"),
    ("facebook", "ads_account"): _("Facebook ad account"),
    ("instagram", "profile"): _("Instagram profile"),
    ("instagram", "video"): _("Instagram video"),
    ("instagram", "post"): _("Instagram post"),
    ("google", "business"): _("Google Business Profile or Maps place"),
    ("google", "ads_account"): _("Google Ads account"),
    ("youtube", "profile"): _("YouTube channel"),
    ("youtube", "video"): _("YouTube video"),
    ("shopee", "product"): _("Shopee product"),
    ("shopee", "shop"): _("Shopee shop"),
    ("lazada", "product"): _("Lazada product"),
    ("lazada", "shop"): _("Lazada shop"),
    ("web", "site"): _("website"),
}
"""A platform and a kind as one phrase, because their order differs between languages."""

KINDS: dict[str, str] = {
    "profile": _("profile"),
    "video": _("video"),
    "post": _("post"),
    "product": _("product"),
    "shop": _("shop"),
    "business": _("business"),
    "ads_account": _("ad account"),
    "site": _("website"),
    "upload": _("files"),
    "any": _("link of any kind"),
}

PLATFORMS: dict[str, str] = {
    "tiktok": "TikTok",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "google": "Google",
    "youtube": "YouTube",
    "shopee": "Shopee",
    "lazada": "Lazada",
    "web": _("Website"),
    "any": _("Any platform"),
}


def platform_name(platform: str) -> str:
    """A platform's name for a heading or a filter."""
    return gettext(PLATFORMS.get(platform, platform))


def phrase(platform: str, kind: str) -> str:
    """A platform and a kind, such as 'TikTok video'."""
    found = PHRASES.get((platform, kind)) or KINDS.get(kind, kind)
    return gettext(found)


def expected(platform: str, kinds: Iterable[str]) -> str:
    """What a service takes, such as 'TikTok profile or website'."""
    phrases = [phrase(platform, kind) for kind in kinds]
    return gettext(" or ").join(dict.fromkeys(phrases))


def label(platform: str, kind: str, link_id: str, owner: str, country: str, short: bool) -> str:
    """A recognised link in a person's words, such as 'TikTok video by @name' or 'Shopee product 12.34 (VN)'."""
    if kind == "upload":
        return gettext("Files or a description instead of a link")
    what = phrase(platform, kind)
    if short:
        return gettext("%(platform)s short link; we open it when the work starts") % {
            "platform": platform_name(platform)
        }
    if kind == "business" and owner:
        text = gettext("%(what)s %(id)s") % {"what": what, "id": owner}
    elif owner:
        text = gettext("%(what)s by %(owner)s") % {"what": what, "owner": owner}
    else:
        text = gettext("%(what)s %(id)s") % {"what": what, "id": link_id}
    return f"{text} ({country})" if country else text
