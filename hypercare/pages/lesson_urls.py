"""Routes of lessons."""

from django.urls import URLPattern, URLResolver, path

from hypercare.pages import lessons

urlpatterns: list[URLPattern | URLResolver] = [
    path("lessons/", lessons.listing, name="lessons"),
    path("lessons/new/", lessons.write, name="lesson_new"),
    path("lessons/<int:pk>/", lessons.read, name="lesson"),
    path("lessons/<int:pk>/edit/", lessons.edit, name="lesson_edit"),
    path("lessons/<int:pk>/check/", lessons.edit_check, name="lesson_check"),
    path("lessons/<int:pk>/<str:name>/", lessons.act, name="lesson_act"),
    path("p/<str:key>/lessons/<int:pk>/add/", lessons.add, name="lesson_add"),
]
