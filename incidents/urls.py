"""Routes of incidents: lists, one incident, and what is done to it.

Plain names (`period_incidents`, `incident`) are those other apps link to; the rest is namespaced.
"""

from django.urls import URLPattern, URLResolver, include, path

from incidents.views import actions, hook, lists, many, page, paged, policy, saved

ONE = "i/<str:key>-<int:number>/"

namespaced: list[URLPattern | URLResolver] = [
    path("incidents/", lists.mine, name="mine"),
    path("p/<str:key>/_incidents/", lists.rows, name="rows"),
    path("p/<str:key>/incidents/new/", lists.log, name="log"),
    path("p/<str:key>/incidents/change/", many.change, name="change"),
    path("p/<str:key>/incidents/policy/", policy.targets, name="policy"),
    path("p/<str:key>/incidents/policy/reset/", policy.reset, name="policy_reset"),
    path("p/<str:key>/incidents/policy/<str:severity>/", policy.ladder, name="policy_ladder"),
    path("p/<str:key>/incidents/undo/", many.undo, name="undo"),
    path("p/<str:key>/incidents/views/", saved.save, name="save_view"),
    path("p/<str:key>/incidents/views/<int:pk>/delete/", saved.forget, name="forget_view"),
    path(f"{ONE}_live/", page.live, name="live"),
    path(f"{ONE}_preview/", page.preview, name="preview"),
    path(f"{ONE}comment/", actions.comment, name="comment"),
    *[
        path(f"{ONE}{name}/", actions.act, kwargs={"name": name}, name=name.replace("-", "_"))
        for name in actions.ACTIONS
    ],
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<str:key>/incidents/", lists.period_incidents, name="period_incidents"),
    path(ONE, page.incident, name="incident"),
    path("page/<str:token>/", paged.paged, name="paged"),
    path("page/<str:token>/_state/", paged.state, name="paged_state"),
    path("hooks/<str:source>/<str:token>/", hook.hook, name="hook"),
    path("", include((namespaced, "incidents"))),
]
