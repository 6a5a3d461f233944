"""The development mail page."""

from django.urls import path

from smmatic.notices import pages

app_name = "notices"
urlpatterns = [
    path("dev/mail", pages.mail_list, name="mails"),
    path("dev/mail/write", pages.mail_write, name="mail_write"),
    path("dev/mail/<int:mail_id>", pages.mail_page, name="mail"),
    path("dev/mail/<int:mail_id>/letter", pages.mail_letter, name="mail_letter"),
    path("dev/mail/<int:mail_id>/reply", pages.mail_reply, name="mail_reply"),
]
