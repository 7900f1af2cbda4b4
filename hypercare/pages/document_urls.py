"""Routes of the pages of a period. `new` and `preview` are names no page can have."""

from django.urls import URLPattern, path

from hypercare.pages import documents

ONE = "p/<str:key>/pages/<slug:slug>/"

urlpatterns: list[URLPattern] = [
    path("p/<str:key>/pages/", documents.listing, name="documents"),
    path("p/<str:key>/pages/new/", documents.new, name="document_new"),
    path("p/<str:key>/pages/preview/", documents.preview, name="document_preview"),
    path(ONE, documents.read, name="document"),
    path(f"{ONE}edit/", documents.edit, name="document_edit"),
    path(f"{ONE}history/", documents.history, name="document_history"),
    path(f"{ONE}changes/", documents.changes, name="document_changes"),
    path(f"{ONE}restore/", documents.restore, name="document_restore"),
    path(f"{ONE}remove/", documents.remove, name="document_remove"),
]
