"""What a phone or computer asks when somebody adds the product to its home screen."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

# The canvas of static/css/tokens.css by day; a manifest knows one colour only, pages name the one of the night.
CANVAS: Final = "#f6f6f3"
ICONS: Final = (("app-192.png", 192, "any"), ("app-512.png", 512, "any"), ("app-maskable-512.png", 512, "maskable"))


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """The web app manifest. The same for everybody, so it may be kept for a day."""
    said = {
        "id": "/",
        "name": "Hypercare",
        "short_name": "Hypercare",
        "description": "The command centre for the weeks after go-live.",
        "lang": "en-GB",
        "start_url": reverse("home"),
        "scope": "/",
        "display": "standalone",
        "background_color": CANVAS,
        "theme_color": CANVAS,
        "icons": [
            {"src": static(f"icons/{name}"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for name, size, purpose in ICONS
        ],
        "shortcuts": [
            {"name": "Incidents", "url": reverse("incidents:mine")},
            {"name": "My shifts", "url": reverse("contributors:shifts")},
        ],
    }
    response = JsonResponse(said, content_type="application/manifest+json")
    response["Cache-Control"] = "public, max-age=86400"
    return response
