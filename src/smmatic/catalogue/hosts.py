"""Which hosts a customer's link may name. Pure, no network: the name itself is judged, nothing is resolved."""

import ipaddress
import re
import unicodedata

from smmatic.catalogue.kinds import UnreadableLink
from smmatic.kernel.refusals import RefusalCode as Code

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "lvh.me", "localtest.me", "vcap.me"}
)
METADATA_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_PRIVATE_SUFFIXES = (
    "local localdomain internal intranet lan home corp private home.arpa test invalid onion nip.io sslip.io xip.io"
)
PRIVATE_SUFFIXES = _PRIVATE_SUFFIXES.split()
"""Names that never lead to a public site, and services that turn any address into a name."""

_PLATFORM_DOMAINS = (
    "tiktok.com tiktokv.com facebook.com fb.com fb.me fb.watch m.me messenger.com instagram.com google.com"
    " google.com.vn google.vn goo.gl g.page g.co share.google youtube.com youtu.be lazada.vn lazada.sg"
    " lazada.com.my lazada.com.ph lazada.co.th lazada.co.id lzd.co shopee.vn shopee.sg shopee.com.my shopee.ph"
    " shopee.co.th shopee.co.id shopee.tw shopee.com.br shopee.com.mx shopee.com.co shopee.cl shopee.com shp.ee"
    " shope.ee"
)
PLATFORM_DOMAINS = _PLATFORM_DOMAINS.split()
"""Domains that are known by name, so that an imitation of one can be told from it."""

_IMITATED = [domain for domain in PLATFORM_DOMAINS if len(domain) > 6]
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_TWINS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u043a\u0442\u0501\u04bb\u03bf\u03b1\u03b9\u03ba\u03bd\u03c1\u03c4\u0131\u0261\u043f",
    "aeopcyxijsktdhoaikvptign",
)
"""Cyrillic and Greek letters that look like Latin ones."""


def check_host(host: str, *, stated: bool) -> str:
    """The host in lower-case ASCII (IDNA), when it names a public site.

    Args:
        host: as written, an IPv6 address in brackets.
        stated: whether 'https://' or 'http://' stood before it; without it a single word isn't a link at all.

    Raises:
        UnreadableLink: `link_not_a_link`, `link_malformed`, `link_wide_character`, `link_lookalike`, `link_loopback`,
            `link_private_address`, `link_metadata_address`, `link_ip_address`.
    """
    name = host.lower().removesuffix(".")
    if not name:
        raise UnreadableLink(Code.LINK_MALFORMED)
    address = _ip_of(name)
    if address is not None:
        raise UnreadableLink(_code_of_ip(address))
    _check_name(name)
    if "." not in name:
        raise UnreadableLink(Code.LINK_PRIVATE_ADDRESS if stated else Code.LINK_NOT_A_LINK)
    ascii_name = _to_ascii(name)
    _check_lookalike(name, ascii_name)
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UnreadableLink(Code.LINK_MALFORMED)
    if not re.fullmatch(r"[a-z]{2,}|xn--[a-z0-9-]+", labels[-1]):
        raise UnreadableLink(Code.LINK_MALFORMED)
    return ascii_name


def is_within(host: str, domain: str) -> bool:
    """Whether the host is the domain or a name under it."""
    return host == domain or host.endswith(f".{domain}")


def _check_name(name: str) -> None:
    if name in LOOPBACK_NAMES or name.endswith((".localhost", ".lvh.me", ".localtest.me", ".vcap.me")):
        raise UnreadableLink(Code.LINK_LOOPBACK)
    if name in METADATA_NAMES:
        raise UnreadableLink(Code.LINK_METADATA_ADDRESS)
    if any(is_within(name, suffix) for suffix in PRIVATE_SUFFIXES):
        raise UnreadableLink(Code.LINK_PRIVATE_ADDRESS)


def _ip_of(name: str) -> IpAddress | None:
    """The IP address that a browser would connect to for this name, in any of its notations, or None for a name."""
    if name.startswith("["):
        try:
            return ipaddress.IPv6Address(name.strip("[]").partition("%")[0])
        except ValueError:
            raise UnreadableLink(Code.LINK_MALFORMED) from None
    parts = name.split(".")
    if not _NUMERIC.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMERIC.fullmatch(part) for part in parts):
        raise UnreadableLink(Code.LINK_MALFORMED)
    try:
        numbers = [_number(part) for part in parts]
        last_bytes = 5 - len(parts)
        if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256**last_bytes:
            raise ValueError
    except ValueError:
        raise UnreadableLink(Code.LINK_MALFORMED) from None
    value = numbers[-1]
    for index, number in enumerate(numbers[:-1]):
        value += number << (24 - 8 * index)
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    if part.lower().startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def _code_of_ip(address: IpAddress) -> Code:
    inner = _unwrap(address)
    if address in METADATA_ADDRESSES or inner in METADATA_ADDRESSES:
        return Code.LINK_METADATA_ADDRESS
    if inner.is_loopback or inner.is_unspecified:
        return Code.LINK_LOOPBACK
    return Code.LINK_IP_ADDRESS if inner.is_global and not inner.is_multicast else Code.LINK_PRIVATE_ADDRESS


def _unwrap(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in ipaddress.IPv6Network("::/96") and int(address) > 1:
        return ipaddress.IPv4Address(int(address))
    return address.ipv4_mapped or address.sixtofour or address


def _to_ascii(name: str) -> str:
    if name.isascii():
        return name
    if unicodedata.normalize("NFKC", name) != unicodedata.normalize("NFC", name):
        raise UnreadableLink(Code.LINK_WIDE_CHARACTER, character=name)
    try:
        return unicodedata.normalize("NFC", name).encode("idna").decode("ascii")
    except UnicodeError:
        raise UnreadableLink(Code.LINK_MALFORMED) from None


def _check_lookalike(name: str, ascii_name: str) -> None:
    if any(is_within(ascii_name, domain) for domain in PLATFORM_DOMAINS):
        return
    shown = _decoded(ascii_name) if "xn--" in ascii_name else name
    if any(
        len(_scripts(label) & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) > 1 for label in shown.split(".")
    ):
        raise UnreadableLink(Code.LINK_LOOKALIKE, host=ascii_name)
    for skeleton in _skeletons(shown):
        for domain in _IMITATED:
            if is_within(skeleton, domain) or f".{domain}." in f".{skeleton}":
                raise UnreadableLink(Code.LINK_LOOKALIKE, host=ascii_name)


def _decoded(ascii_name: str) -> str:
    try:
        return ascii_name.encode("ascii").decode("idna")
    except UnicodeError:
        raise UnreadableLink(Code.LINK_MALFORMED) from None


def _scripts(label: str) -> set[str]:
    return {unicodedata.name(character, "?").split()[0] for character in label if character.isalpha()}


def _skeletons(name: str) -> set[str]:
    """The name as a hurried reader sees it: accents dropped, twins of Latin letters replaced."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    folded = bare.translate(_TWINS).replace("0", "o")
    return {bare, folded, folded.replace("1", "l"), folded.replace("1", "i"), folded.replace("rn", "m")}
