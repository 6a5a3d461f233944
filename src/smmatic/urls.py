"""Routes only: which package answers which address."""

from django.urls import include, path

from smmatic.desk.welcome import welcome

urlpatterns = [
    path("", include("smmatic.web.urls")),
    path("", include("smmatic.dashboard.urls")),
    path("desk/", include("smmatic.desk.urls")),
    path("welcome/<str:secret>", welcome, name="welcome"),
    path("api/v1/", include("smmatic.api.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("", include("smmatic.notices.urls")),
    path("", include("smmatic.ops.urls")),
]

handler400 = "smmatic.web.errors.bad_request"
handler403 = "smmatic.web.errors.forbidden"
handler404 = "smmatic.web.errors.not_found"
handler500 = "smmatic.web.errors.server_error"
