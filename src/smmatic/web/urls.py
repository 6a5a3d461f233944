"""Public pages that belong to no room: home, the language switch, and what browsers ask for by themselves."""

from django.urls import path
from django.views.generic import RedirectView

from smmatic.web import policy_page, views

urlpatterns = [
    path("", views.home, name="home"),
    path("policy", policy_page.policy_page, name="policy"),
    path("policy/<str:version>", policy_page.policy_page, name="policy_version"),
    path("language", views.language, name="language"),
    path("api/docs", RedirectView.as_view(pattern_name="api:docs")),
    path("favicon.ico", views.favicon, name="favicon"),
    path("robots.txt", views.robots, name="robots"),
]
