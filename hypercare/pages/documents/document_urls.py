"""Routes of the pages of a period. `new` and `preview` are names no page can have."""

from django.urls import URLPattern, path

from hypercare.pages.documents import documents

ONE = "p/<str:key>/pages/<slug:slug>/"

urlpatterns: list[URLPattern] = [
    path("p/<str:key>/pages/", documents.list_documents, name="documents"),
    path("p/<str:key>/pages/new/", documents.add_document, name="document_new"),
    path("p/<str:key>/pages/preview/", documents.preview, name="document_preview"),
    path(ONE, documents.show_document, name="document"),
    path(f"{ONE}edit/", documents.edit, name="document_edit"),
    path(f"{ONE}history/", documents.show_history, name="document_history"),
    path(f"{ONE}changes/", documents.changes, name="document_changes"),
    path(f"{ONE}restore/", documents.restore, name="document_restore"),
    path(f"{ONE}remove/", documents.remove, name="document_remove"),
]
