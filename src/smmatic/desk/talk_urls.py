"""Routes of the desk about conversations, saved replies, mails and personal data."""

from django.urls import path

from smmatic.desk import erasures, inbound, mails, replies, talk, talk_forms

urlpatterns = [
    path("messages", talk.talk_list, name="talks"),
    path("messages/<int:conversation_id>", talk.talk_page, name="talk"),
    path("messages/<int:conversation_id>/live", talk.talk_live, name="talk_live"),
    path("messages/<int:conversation_id>/reply", talk.reply, name="talk_reply"),
    path("messages/<int:conversation_id>/writing", talk_forms.writing, name="talk_writing"),
    path("messages/<int:conversation_id>/assign", talk_forms.assign_to, name="talk_assign"),
    path("messages/<int:conversation_id>/link", talk_forms.link_to, name="talk_link"),
    path("messages/<int:conversation_id>/settle", talk_forms.settled, name="talk_settle"),
    path("messages/<int:conversation_id>/original", inbound.original_mail, name="talk_original"),
    path("messages/attachments/<int:attachment_id>", inbound.attachment, name="attachment"),
    path("messages/attachments/<int:attachment_id>/evidence", talk_forms.evidence, name="attachment_evidence"),
    path("messages/received", inbound.inbound_list, name="inbound"),
    path("messages/replies", replies.replies_page, name="replies"),
    path("messages/replies/save", replies.save, name="reply_save"),
    path("messages/replies/<int:reply_id>/drop", replies.drop, name="reply_drop"),
    path("people/erasures", erasures.erasure_list, name="erasures"),
    path("people/<int:person_id>/erase", erasures.erase, name="customer_erase"),
    path("mails", mails.mail_list, name="mails"),
    path("mails/<int:mail_id>", mails.mail_page, name="mail"),
    path("mails/<int:mail_id>/resend", mails.send_again, name="mail_resend"),
]
