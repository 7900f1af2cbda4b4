"""What a file is, by its content: an allow-list, and never the name or type that its sender claims.

Pure. Everything that is text (CSV, logs, JSON, XML, and also HTML or SVG) is one type, plain text, because that is
how it is given back: no browser runs it.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final

MOST_PARTS: Final = 5000
OOXML: Final = "application/vnd.openxmlformats-officedocument."
ODT: Final = "application/vnd.oasis.opendocument.text"
ACCEPTED: Final = "PNG, JPEG, GIF, WebP, PDF, text (CSV, log, JSON, XML), DOCX, XLSX or ODT"
LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class FileType:
    """A media type and the endings a file of it may have; the first is given to one with another ending."""

    media_type: str
    endings: tuple[str, ...]


PNG, GIF = FileType("image/png", ("png",)), FileType("image/gif", ("gif",))
JPEG, WEBP = FileType("image/jpeg", ("jpg", "jpeg")), FileType("image/webp", ("webp",))
PDF = FileType("application/pdf", ("pdf",))
TEXT = FileType("text/plain", ("txt", "csv", "tsv", "log", "json", "xml", "md", "yaml", "yml"))
DOCX = FileType(f"{OOXML}wordprocessingml.document", ("docx",))
XLSX = FileType(f"{OOXML}spreadsheetml.sheet", ("xlsx",))
ODT_FILE = FileType(ODT, ("odt",))

_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
)
# Characters that no text has: all controls but tab, line ends, form feed and the escape of coloured logs.
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_UNSAFE_IN_NAME = re.compile(r"[^\w .()+,@=-]+")


def file_type_of(data: bytes) -> FileType | None:
    """The type of a file's whole content; None for what is not on the list."""
    for start, found in _STARTS:
        if data.startswith(start):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"PK\x03\x04"):
        return _document(data)
    return TEXT if data and _is_text(data) else None


def _is_text(data: bytes) -> bool:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return "\x00" not in data.decode("utf-16")
        except UnicodeDecodeError:
            return False
    return _CONTROLS.search(data) is None


def _document(data: bytes) -> FileType | None:
    """An office document by the parts of its archive; nothing is unpacked but a name of a few bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            names = {info.filename for info in infos}
            if len(infos) > MOST_PARTS or any(name.lower().endswith("vbaproject.bin") for name in names):
                return None
            if "[Content_Types].xml" in names:
                return DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else None
            return ODT_FILE if _is_odt(archive, infos) else None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return None


def _is_odt(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> bool:
    first = infos[0] if infos else None
    if first is None or first.filename != "mimetype" or first.compress_type != zipfile.ZIP_STORED:
        return False
    return first.file_size == len(ODT) and archive.read(first) == ODT.encode()


def safe_name(name: str, found: FileType) -> str:
    """A name to keep and give back: no path, no odd characters, and an ending that its content has earned.

    `evil.html` with text in it becomes `evil.html.txt`, so that nothing opens it as a page from a disk either.
    """
    plain = _UNSAFE_IN_NAME.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if dot and ending.lower() in found.endings and stem.strip(" ."):
        return f"{stem[:LONGEST_NAME]}.{ending}"
    return f"{plain[:LONGEST_NAME] or 'file'}.{found.endings[0]}"
