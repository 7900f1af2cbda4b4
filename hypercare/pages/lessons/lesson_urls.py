"""Routes of lessons."""

from django.urls import URLPattern, URLResolver, path

from hypercare.pages.lessons import lessons

urlpatterns: list[URLPattern | URLResolver] = [
    path("lessons/", lessons.list_lessons, name="lessons"),
    path("lessons/new/", lessons.write_lesson, name="lesson_new"),
    path("lessons/<int:pk>/", lessons.show_lesson, name="lesson"),
    path("lessons/<int:pk>/edit/", lessons.edit, name="lesson_edit"),
    path("lessons/<int:pk>/check/", lessons.edit_check, name="lesson_check"),
    path("lessons/<int:pk>/<str:name>/", lessons.act_on_lesson, name="lesson_act"),
    path("p/<str:key>/lessons/<int:pk>/add/", lessons.add_lesson_check, name="lesson_add"),
]
