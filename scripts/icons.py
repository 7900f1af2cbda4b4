"""Draw the icons of the installed app anew from static/icons/favicon.svg. For maintainers; needs the e2e group.

An icon that is cut to a shape by the system ("maskable", and Apple's) fills its square; the mark keeps to the middle.
"""

import re
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).resolve().parent.parent / "static" / "icons"
# File, pixels, whether it fills its square, and how much of it the mark takes.
WANTED = (
    ("app-192.png", 192, False, 1.0),
    ("app-512.png", 512, False, 1.0),
    ("app-maskable-512.png", 512, True, 0.8),
    ("apple-touch-icon.png", 180, True, 0.92),
)


def drawing(mark: str, *, fills: bool, share: float) -> str:
    """The SVG of one icon: the mark in its middle, on its own blue to the edges where it fills its square."""
    ground, line = re.findall(r"<(?:rect|path)[^>]*/>", mark)
    square = re.sub(r' rx="\d+"', "", ground) if fills else ground
    size = 24 / share
    corner = (24 - size) / 2
    under = (
        square
        if share == 1
        else square.replace('width="24" height="24"', f'x="{corner}" y="{corner}" width="{size}" height="{size}"')
    )
    box = f"{corner} {corner} {size} {size}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{under}{line}</svg>'


def main() -> None:
    """Write all of them."""
    mark = (ICONS / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, pixels, fills, share in WANTED:
            page = browser.new_page(viewport={"width": pixels, "height": pixels})
            svg = drawing(mark, fills=fills, share=share)
            page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{svg}")
            page.screenshot(path=ICONS / name, omit_background=True)
            print(f"{name}: {(ICONS / name).stat().st_size} bytes")
        browser.close()


if __name__ == "__main__":
    main()
