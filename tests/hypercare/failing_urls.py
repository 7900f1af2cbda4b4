"""The product's own addresses, and one for people and one for programs where everything goes wrong."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from hypercare import urls

handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500
SECRET = "canary-in-an-error"


def boom(request: HttpRequest) -> HttpResponse:
    """Fail with something that nobody outside may read."""
    raise ValueError(SECRET)


urlpatterns = [*urls.urlpatterns, path("boom/", boom), path("api/v1/boom/", boom)]
