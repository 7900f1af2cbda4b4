"""Where everything is mounted."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from hypercare.pages.account import (
    api,
    first_administrator,
    people,
    people_api,
    second_step,
    settings,
    setup,
    web_manifest,
)
from hypercare.pages.home import home
from hypercare.pages.period import export, metrics, overview, periods, status
from hypercare.pages.planning import plan, scoring
from hypercare.pages.search import search, search_api
from hypercare.web import health

handler400 = "hypercare.web.error_pages.bad_request"
handler404 = "hypercare.web.error_pages.page_not_found"
handler429 = "hypercare.web.error_pages.too_many_requests"
handler500 = "hypercare.web.error_pages.server_error"

period_pages: list[URLPattern | URLResolver] = [
    path("periods/", periods.list_periods, name="list"),
    path("periods/new/", plan.start_plan, name="new"),
    path("periods/new/_live/", plan.live_new, name="new_live"),
    path("periods/new/_regions/", plan.regions, name="regions"),
    path("periods/new/discard/", plan.discard_new, name="new_discard"),
    path("p/<str:key>/plan/<str:step>/_live/", plan.keep_draft, name="plan_live"),
    path("p/<str:key>/plan/<str:step>/discard/", plan.discard, name="plan_discard"),
    path("p/<str:key>/plan/people/new/", plan.add_person, name="plan_add_person"),
    path("p/<str:key>/plan/people/earlier/", plan.add_earlier, name="plan_add_earlier"),
    path("p/<str:key>/plan/roles/new/", plan.add_role, name="plan_add_role"),
    path("p/<str:key>/plan/<str:step>/", plan.step, name="plan"),
    path("p/<str:key>/settings/sources/", periods.add_source, name="add_source"),
    path("p/<str:key>/settings/sources/<int:pk>/revoke/", periods.revoke_source, name="revoke_source"),
    path("p/<str:key>/settings/sources/<int:pk>/levels/", periods.map_levels, name="map_levels"),
    path("p/<str:key>/settings/<str:name>/", periods.move, name="move"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("_home/<str:panel>/", home.home_panel, name="home_panel"),
    path("app.webmanifest", web_manifest.manifest, name="manifest"),
    path("search/", search.search, name="search"),
    path("settings/", settings.account, name="settings"),
    path("settings/scoring/", scoring.overview, name="scoring"),
    path("settings/scoring/new/", scoring.add_version, name="scoring_new"),
    path("settings/scoring/<int:version>/", scoring.version, name="scoring_version"),
    path("settings/scoring/<int:version>/use/", scoring.use, name="scoring_use"),
    path("settings/setup/", setup.setup, name="setup"),
    path("settings/setup/mail/", setup.send_test_mail, name="setup_mail"),
    path("settings/people/", people.list_people, name="people"),
    path("settings/people/new/", people.add_person, name="person_add"),
    path("settings/people/<int:pk>/", people.change_person, name="person"),
    path("settings/people/<int:pk>/deactivate/", people.deactivate, name="person_deactivate"),
    path("settings/people/<int:pk>/reactivate/", people.reactivate, name="person_reactivate"),
    path("settings/tokens/", settings.tokens, name="tokens"),
    path("settings/sign-out-everywhere/", settings.sign_out_everywhere, name="sign_out_everywhere"),
    path("settings/tokens/<int:pk>/revoke/", settings.revoke_token, name="revoke_token"),
    path("p/<str:key>/", overview.overview, name="period_overview"),
    path("p/<str:key>/_overview/<str:panel>/", overview.overview_panel, name="overview_panel"),
    path("p/<str:key>/export/<str:name>.csv", export.of_period, name="export"),
    path("lessons/export.csv", export.lessons, name="export_lessons"),
    path("p/<str:key>/activity/", overview.activity, name="period_activity"),
    path("", include("hypercare.pages.exit.exit_urls")),
    path("", include("hypercare.pages.documents.document_urls")),
    path("", include("hypercare.pages.lessons.lesson_urls")),
    path("", include("hypercare.pages.planning.template_urls")),
    path("", include("hypercare.pages.go.go_urls")),
    path("p/<str:key>/settings/", periods.settings, name="period_settings"),
    path("", include((period_pages, "periods"))),
    path("", include("periods.urls")),
    path("", include("contributors.urls")),
    path("", include("incidents.urls")),
    # A person's address is an administrator's to change; allauth's own page for it would also write on GET.
    path("accounts/email/", RedirectView.as_view(pattern_name="settings")),
    # By allauth's names, since it sends people there.
    path("accounts/second-step/", second_step.show_second_step, name="mfa_index"),
    path("accounts/second-step/code/", second_step.authenticate, name="mfa_authenticate"),
    path("accounts/second-step/confirm/", second_step.reauthenticate, name="mfa_reauthenticate"),
    path("accounts/second-step/on/", second_step.turn_on, name="mfa_activate_totp"),
    path("accounts/second-step/off/", second_step.turn_off, name="mfa_deactivate_totp"),
    path("accounts/second-step/recovery-codes/", second_step.recovery_codes, name="mfa_view_recovery_codes"),
    path("accounts/first/", first_administrator.first_visit, name="first_administrator"),
    path("accounts/login/", first_administrator.sign_in_or_begin),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/periods/<str:key>/status/", status.status, name="api_status"),
    path("api/v1/me/profile/", api.profile, name="api_profile"),
    path("api/v1/me/tokens/", api.tokens, name="api_tokens"),
    path("api/v1/me/tokens/<int:pk>/", api.token, name="api_token"),
    path("api/v1/accounts/", people_api.accounts, name="api_accounts"),
    path("api/v1/accounts/<int:pk>/", people_api.account, name="api_account"),
    path("api/v1/accounts/<int:pk>/duties/", people_api.account_duties, name="api_account_duties"),
    path("api/v1/accounts/<int:pk>/deactivate/", people_api.deactivate, name="api_account_deactivate"),
    path("api/v1/accounts/<int:pk>/reactivate/", people_api.reactivate, name="api_account_reactivate"),
    path("api/v1/search/", search_api.api_search, name="api_search"),
    path("api/v1/", include("periods.api_urls")),
    path("api/v1/", include("contributors.api_urls")),
    path("api/v1/", include("incidents.api_urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("healthz/", health.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("healthz/engine/", health.healthz_engine, name="healthz_engine"),
]
