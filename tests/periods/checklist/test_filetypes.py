"""A file is what its content says, and never runs."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.checklist import filetypes
from periods.checklist.filetypes import DOCX, GIF, JPEG, ODT_FILE, PDF, PNG, TEXT, WEBP, XLSX


def archive(*names: str, stored: dict[str, bytes] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in (stored or {}).items():
            made.writestr(name, content)
        for name in names:
            made.writestr(name, b"<x/>")
    return file.getvalue()


ODT = archive("content.xml", stored={"mimetype": filetypes.ODT.encode()})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x89PNG\r\n\x1a\n....", PNG),
        (b"\xff\xd8\xff\xe0....", JPEG),
        (b"GIF89a....", GIF),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", WEBP),
        (b"%PDF-1.7 ...", PDF),
        (b"a;b\r\n1;2\r\n", TEXT),
        ("Grün, 3 °C".encode(), TEXT),
        ("Grün".encode("latin-1"), TEXT),
        ("Grün".encode("utf-16"), TEXT),
        (b'{"a": 1}', TEXT),
        (b"\x1b[32mok\x1b[0m\n", TEXT),
        (b"<html><script>alert(1)</script></html>", TEXT),
        (b"<svg onload='alert(1)'/>", TEXT),
        (archive("[Content_Types].xml", "word/document.xml"), DOCX),
        (archive("[Content_Types].xml", "xl/workbook.xml"), XLSX),
        (ODT, ODT_FILE),
        (b"", None),
        (b"MZ\x90\x00\x03", None),
        (b"\x7fELF\x02\x01", None),
        (archive("readme.txt"), None),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), None),
        (b"PK\x03\x04 broken", None),
        (b"\xff\xfeod\x00", None),
    ],
)
def test_the_type_is_read_from_the_content(data: bytes, found: filetypes.FileType | None) -> None:
    assert filetypes.file_type_of(data) == found


@pytest.mark.parametrize(
    ("name", "found", "safe"),
    [
        ("report.pdf", PDF, "report.pdf"),
        ("evil.html", TEXT, "evil.html.txt"),
        ("evil.svg", TEXT, "evil.svg.txt"),
        ("cat.gif.html", GIF, "cat.gif.html.gif"),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("C:\\temp\\Læs mig.log", TEXT, "Læs mig.log"),
        ("a\r\nSet-Cookie: x.csv", TEXT, "a_Set-Cookie_ x.csv"),
        ("invoice\u202efdp.png", PNG, "invoice_fdp.png"),
        ("", PNG, "file.png"),
        (".txt", TEXT, "txt.txt"),
        ("x" * 300 + ".csv", TEXT, "x" * 100 + ".csv"),
    ],
)
def test_a_name_is_made_safe_and_gets_the_ending_its_content_earned(
    name: str, found: filetypes.FileType, safe: str
) -> None:
    assert filetypes.safe_name(name, found) == safe


@given(st.binary(max_size=300))
def test_no_content_crashes_it(data: bytes) -> None:
    filetypes.file_type_of(b"PK\x03\x04" + data)
    filetypes.file_type_of(data)
