"""The product's own addresses, and pages that are broken in every way the crawl must notice."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from hypercare import urls

handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500
BROKEN = {
    "raises": '<a href="/planted/boom/">On</a>',
    "not-there": '<a href="/nowhere/">On</a>',
    "option": '<form><select name="only"><option value="all" selected>All<option value="boom">Boom</select></form>',
    "panel": '<div hx-get="/planted/boom/?part=1"></div>',
    "posts": '<form method="post" action="/nowhere/"></form>',
    "file": '<svg><use href="/static/icons/sprite.svg#no-such-icon"></use></svg>',
    "template": "<p>Hello {{ name }}</p>",
    "none": "<p>Owner: None</p>",
    "twice": "<p>UTC · UTC</p>",
    "nothing": "<button>All 0 notes</button>",
    "day": "<p>Day 46 of 45</p>",
    "same-day": "<p>Fri 4 Dec 08:45 to Fri 4 Dec 17:00</p>",
    "ids": '<p id="a"></p><p id="a"></p>',
    "ends": "<div><p>Open</div></span>",
    "two-classes": '<p class="a" class="b">Two</p>',
    "two-names": '<button aria-label="Close">Send</button>',
    "label": '<label for="no-field">Name</label>',
    "anchor": '<a href="#no-place">On</a>',
    "inside": '<a href="/planted/"><button>On</button></a>',
}


def planted(request: HttpRequest, name: str = "") -> HttpResponse:
    """A page with one fault; without a name, one that is sound."""
    if name == "boom" or request.GET.get("only") == "boom":
        raise ValueError("planted")
    sound = '<p id="a">No None-sense, 1 day, day 4 of 4.</p><a href="#a">Up</a><a href="/planted/?v=1">Again</a>'
    return HttpResponse(f"<!doctype html><title>Planted</title><main>{BROKEN.get(name, sound)}</main>")


urlpatterns = [*urls.urlpatterns, path("planted/", planted), path("planted/<str:name>/", planted)]
