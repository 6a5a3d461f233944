"""The development mail page."""

from django.urls import path

from smmatic.notices import pages

app_name = "notices"
urlpatterns = [
    path("dev/mail", pages.mail_list, name="mails"),
    path("dev/mail/<int:mail_id>", pages.mail_page, name="mail"),
]
