"""Uploads: capped, renamed, judged by their content. Pure."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import puremagic

from smmatic.kernel.refusals import Refusal, RefusalCode

_EXTENSIONS: dict[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".srt": "application/x-subrip",
    ".psd": "image/vnd.adobe.photoshop",
}
_TEXT = {".txt", ".csv", ".srt"}
_OFFICE = {".docx", ".xlsx", ".pptx", ".zip"}
_ISO_MEDIA = {".mp4", ".mov", ".heic"}


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """An upload that may be kept: our name for it, the media type by content, and its bytes."""

    name: str
    media_type: str
    content: bytes
    sha256: bytes


def check_file(name: str, content: bytes, *, maximum_bytes: int, field: str = "files") -> CheckedFile:
    """Judges an upload by size and content; the name only chooses among kinds that the content allows.

    Raises:
        Refusal: `file_too_large`, `file_kind`.
    """
    if len(content) > maximum_bytes:
        raise Refusal(RefusalCode.FILE_TOO_LARGE, field, maximum_mb=maximum_bytes // (1024 * 1024))
    stem, extension = _split(name)
    if not content or extension not in _EXTENSIONS or not _content_fits(extension, content):
        raise Refusal(RefusalCode.FILE_KIND, field)
    return CheckedFile(stem + extension, _EXTENSIONS[extension], content, hashlib.sha256(content).digest())


def _split(name: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, extension = plain.rpartition(".")
    kept = re.sub(r"[^\w \-]+", "_", stem if dot else plain).strip(" _-")[:80] or "file"
    return kept, f".{extension.lower()}" if dot else ""


def _content_fits(extension: str, content: bytes) -> bool:
    if extension in _TEXT:
        return _is_text(content)
    if extension in _OFFICE:
        return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    if extension in _ISO_MEDIA:
        return content[4:8] == b"ftyp"
    if extension == ".mp3":
        return content.startswith(b"ID3") or (content[0] == 0xFF and content[1:2] >= b"\xe0")
    try:
        found = {match.extension for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        return False
    return extension in found or (extension in (".jpg", ".jpeg") and bool({".jpg", ".jpeg", ".jfif"} & found))


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return "\x00" not in text
