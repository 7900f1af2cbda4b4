"""Routes of templates."""

from django.urls import URLPattern, URLResolver, path

from hypercare.pages.planning import templates

urlpatterns: list[URLPattern | URLResolver] = [
    path("templates/", templates.list_templates, name="templates"),
    path("templates/import/", templates.take_in, name="template_import"),
    path("templates/<str:key>/", templates.show_template, name="template"),
    path("templates/<str:key>/export/", templates.export, name="template_export"),
    path("templates/<str:key>/archive/", templates.archive, name="template_archive"),
    path("templates/<str:key>/restore/", templates.restore, name="template_restore"),
    path("p/<str:key>/save-as-template/", templates.save_period, name="period_save_template"),
]
