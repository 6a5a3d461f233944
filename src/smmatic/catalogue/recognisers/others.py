"""YouTube, Instagram and plain sites. Pure."""

import re

from smmatic.catalogue.addresses import Address
from smmatic.catalogue.hosts import is_within
from smmatic.catalogue.kinds import Kind, Link, Platform, UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_CHANNEL = re.compile(r"/(@[\w.-]{3,30}|channel/UC[A-Za-z0-9_-]{22}|c/[\w.-]{1,100}|user/[\w.-]{1,100})(?:/.*)?")
_INSTAGRAM_NAME = re.compile(r"/([A-Za-z0-9._]{1,30})")
_INSTAGRAM_POST = re.compile(r"(?:/[A-Za-z0-9._]{1,30})?/(p|reel|reels|tv)/([A-Za-z0-9_-]{5,40})")
_INSTAGRAM_RESERVED = frozenset("explore accounts direct reels stories about developer legal".split())  # noqa: SIM905


def youtube(address: Address) -> Link | None:
    """The YouTube link behind an address, or None when the host isn't YouTube's.

    Raises:
        UnreadableLink: `link_platform_page`.
    """
    segments = address.segments
    if address.host == "youtu.be":
        video = segments[0] if len(segments) == 1 else ""
    elif is_within(address.host, "youtube.com"):
        if match := _CHANNEL.fullmatch(address.path):
            return Link(Platform.YOUTUBE, Kind.PROFILE, match[1], f"https://www.youtube.com/{match[1]}")
        named = len(segments) == 2 and segments[0] in ("shorts", "live", "embed", "v")
        video = segments[1] if named else address.query.get("v", "")
    else:
        return None
    if not _VIDEO_ID.fullmatch(video):
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="YouTube")
    return Link(Platform.YOUTUBE, Kind.VIDEO, video, f"https://www.youtube.com/watch?v={video}")


def instagram(address: Address) -> Link | None:
    """The Instagram link behind an address, or None when the host isn't Instagram's.

    Raises:
        UnreadableLink: `link_platform_page`.
    """
    if not (is_within(address.host, "instagram.com") or address.host == "instagr.am"):
        return None
    home = "https://www.instagram.com"
    if match := _INSTAGRAM_POST.fullmatch(address.path):
        if match[1] == "p":
            return Link(Platform.INSTAGRAM, Kind.POST, match[2], f"{home}/p/{match[2]}/")
        return Link(Platform.INSTAGRAM, Kind.VIDEO, match[2], f"{home}/reel/{match[2]}/")
    match = _INSTAGRAM_NAME.fullmatch(address.path)
    if match is None or match[1].lower() in _INSTAGRAM_RESERVED:
        raise UnreadableLink(Code.LINK_PLATFORM_PAGE, platform="Instagram")
    name = match[1].lower()
    return Link(Platform.INSTAGRAM, Kind.PROFILE, f"@{name}", f"{home}/{name}/")


def site(address: Address) -> Link:
    """Any other public address: a plain website, known by its host."""
    return Link(Platform.WEB, Kind.SITE, address.host.removeprefix("www."), address.canonical())
