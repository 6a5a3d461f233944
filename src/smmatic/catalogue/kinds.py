"""What a pasted link can be: platform, kind and the recognised link itself. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from smmatic.catalogue import words
from smmatic.kernel.refusals import RefusalCode


class Platform(StrEnum):
    """Where a link leads. Services use the same names, and `any` where the platform doesn't matter."""

    TIKTOK = "tiktok"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    GOOGLE = "google"
    YOUTUBE = "youtube"
    SHOPEE = "shopee"
    LAZADA = "lazada"
    WEB = "web"
    ANY = "any"


class Kind(StrEnum):
    """What a link leads to. `upload` stands for no link at all: the customer sends files or a brief instead."""

    PROFILE = "profile"
    VIDEO = "video"
    POST = "post"
    SHOP = "shop"
    PRODUCT = "product"
    BUSINESS = "business"
    ADS_ACCOUNT = "ads_account"
    SITE = "site"
    UPLOAD = "upload"


ANY_KIND = "any"
"""In a service's link kinds: every kind of link is welcome."""


@dataclass(frozen=True, slots=True)
class Link:
    """A recognised link.

    Attributes:
        platform: where it leads.
        kind: what it leads to; for a short form whose target can't be seen without opening it, the likeliest.
        id: the platform's own identifier, stable between the forms of one link.
        canonical: the one address that all forms of this link have in common; safe to show and to store.
        country: ISO 3166 code when the address tells it, else ''.
        owner: the account that a video or a post belongs to, such as '@name', else ''.
        could_be: the kinds that a short form may lead to; empty when the kind is certain.
    """

    platform: Platform
    kind: Kind
    id: str
    canonical: str
    country: str = ""
    owner: str = ""
    could_be: tuple[Kind, ...] = ()

    @property
    def label(self) -> str:
        """The link in a person's words and the active language: 'TikTok video by @name'."""
        return words.label(self.platform, self.kind, self.id, self.owner, self.country, bool(self.could_be))

    @property
    def is_web_address(self) -> bool:
        """Whether the canonical form can be opened in a browser."""
        return self.canonical.startswith(("https://", "http://"))


NO_LINK = Link(Platform.ANY, Kind.UPLOAD, "", "")
"""Stands where a service takes files or a brief instead of a link."""


class UnreadableLink(Exception):
    """Why a text isn't a usable link; `links.recognise` turns it into a Refusal with an example.

    Attributes:
        code: the refusal code.
        facts: values for its words.
    """

    def __init__(self, code: RefusalCode, **facts: object) -> None:
        super().__init__(code.value)
        self.code = code
        self.facts = facts


EXAMPLES: dict[tuple[Platform, Kind], str] = {
    (Platform.TIKTOK, Kind.PROFILE): "https://www.tiktok.com/@yourname",
    (Platform.TIKTOK, Kind.VIDEO): "https://www.tiktok.com/@yourname/video/7301234567890123456",
    (Platform.TIKTOK, Kind.POST): "https://www.tiktok.com/@yourname/photo/7301234567890123456",
    (Platform.TIKTOK, Kind.PRODUCT): "https://www.tiktok.com/view/product/1729543202963821377",
    (Platform.TIKTOK, Kind.SHOP): "https://www.tiktok.com/shop/store/your-shop/7495123456789012345",
    (Platform.TIKTOK, Kind.ADS_ACCOUNT): "7012345678901234567",
    (Platform.FACEBOOK, Kind.PROFILE): "https://www.facebook.com/yourpage",
    (Platform.FACEBOOK, Kind.VIDEO): "https://www.facebook.com/watch/?v=1234567890123456",
    (Platform.FACEBOOK, Kind.POST): "https://www.facebook.com/yourpage/posts/1234567890123456",
    (Platform.FACEBOOK, Kind.PRODUCT): "https://www.facebook.com/marketplace/item/1234567890123456",
    (Platform.FACEBOOK, Kind.SHOP): "https://www.facebook.com/yourpage/shop",
    (Platform.FACEBOOK, Kind.ADS_ACCOUNT): "act_1234567890123456",
    (Platform.GOOGLE, Kind.BUSINESS): "https://maps.app.goo.gl/AbCdEfGh12345678",
    (Platform.GOOGLE, Kind.ADS_ACCOUNT): "123-456-7890",
    (Platform.SHOPEE, Kind.PRODUCT): "https://shopee.vn/product/12345678/9876543210",
    (Platform.SHOPEE, Kind.SHOP): "https://shopee.vn/yourshop",
    (Platform.LAZADA, Kind.PRODUCT): "https://www.lazada.vn/products/i1234567890.html",
    (Platform.LAZADA, Kind.SHOP): "https://www.lazada.vn/shop/your-shop",
    (Platform.ANY, Kind.VIDEO): "https://www.tiktok.com/@yourname/video/7301234567890123456",
    (Platform.ANY, Kind.SITE): "https://www.yourshop.vn",
}
"""A well-formed link of each platform and kind that a service can ask for; plain sites go with any platform."""


def example_of(platform: str, kinds: tuple[str, ...]) -> str:
    """A well-formed link for a service of this platform that takes these kinds (see EXAMPLES)."""
    for kind in kinds:
        for place in (platform, Platform.ANY.value):
            found = EXAMPLES.get((Platform(place), Kind(kind))) if kind != ANY_KIND else None
            if found:
                return found
    return EXAMPLES[Platform.ANY, Kind.SITE]
