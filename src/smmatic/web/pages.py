"""What the rooms of dashboard and desk share: pages with refusals, and the parsing of addresses and forms."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from smmatic.kernel.ids import new_secret
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.kernel.texts import clean_line

MAX_ID = 2**63 - 1
KEY_BITS = 192


def language() -> str:
    """The page's language as the catalogue knows it: 'en' or 'vi'."""
    return (get_language() or "en")[:2]


def new_key() -> str:
    """An idempotency key for one form."""
    return new_secret(KEY_BITS)


class _Errors(dict[str, Refusal]):
    """Refusals by field, which notes what a page reads of them: one whose field stands on no page is shown on top."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__({refusal.field: refusal for refusal in refusals if refusal.field})
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Refusal:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        """The refusal of a field, or the default."""
        self.read.add(name)
        return super().get(name, default)


def show(
    request: HttpRequest, template: str, context: Mapping[str, object], refused: Refusal | Refusals | None = None
) -> HttpResponse:
    """Renders a page; with a refusal, the same page saying so at the field or above the form, with its 4xx status."""
    if refused is None:
        return render(request, template, dict(context))
    refusals = refused.refusals if isinstance(refused, Refusals) else [refused]
    errors = _Errors(refusals)
    general = next((refusal for refusal in refusals if not refusal.field), None)
    said = {**context, "errors": errors, "refusal": general, "refusals": refusals}
    response = render(request, template, said, status=refused.status)
    hidden = [refusal for refusal in refusals if refusal.field and refusal.field not in errors.read]
    if general is None and hidden:
        return render(request, template, said | {"refusal": hidden[0]}, status=refused.status)
    return response


def cursor(request: HttpRequest, name: str = "after") -> int | None:
    """The keyset position in the address, or None on the first page.

    Raises:
        Refusal: `cursor_invalid`.
    """
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 0 < int(text) <= MAX_ID):
        raise Refusal(RefusalCode.CURSOR_INVALID)
    return int(text)


def search_text(request: HttpRequest, name: str = "q") -> str:
    """What is searched for, trimmed; nothing when it has characters that no one types.

    A search is no order: it is better to find nothing than to be refused.
    """
    try:
        return clean_line(request.GET.get(name, ""), name, 200)
    except Refusal:
        return ""


def ids(values: list[str], field: str = "files") -> list[int]:
    """Ids that a form carries, each once.

    Raises:
        Refusal: `field_invalid`.
    """
    if len(values) > 100 or not all(
        value.isascii() and value.isdigit() and len(value) <= 19 and int(value) <= MAX_ID for value in values
    ):
        raise Refusal(RefusalCode.FIELD_INVALID, field)
    return list(dict.fromkeys(int(value) for value in values))


def checked_id(number: int) -> int:
    """An id from the address that fits the database.

    Raises:
        Refusal: `not_found`.
    """
    if not 0 < number <= MAX_ID:
        raise Refusal(RefusalCode.NOT_FOUND)
    return number


def download(name: str, media_type: str, content: bytes) -> HttpResponse:
    """A file as a download, never shown inside our pages, whatever it contains."""
    response = HttpResponse(content, content_type=media_type)
    fallback = name.encode("ascii", "ignore").decode().replace('"', "") or "file"
    response["Content-Disposition"] = f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
