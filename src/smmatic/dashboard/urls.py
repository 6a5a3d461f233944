"""Routes of the customer's rooms."""

from django.urls import path

from smmatic.dashboard import catalogue, deposits, help, orders, place, refunds, settings, wallet

app_name = "dashboard"
urlpatterns = [
    path("services", catalogue.service_list, name="services"),
    path("services/<str:code>", catalogue.service_page, name="service"),
    path("services/<str:code>/price", place.live_price, name="price"),
    path("services/<str:code>/files", place.upload, name="upload"),
    path("services/<str:code>/order", place.place_order, name="place"),
    path("orders", orders.order_list, name="orders"),
    path("orders/<int:order_id>", orders.order_page, name="order"),
    path("orders/<int:order_id>/live", orders.order_live, name="order_live"),
    path("orders/<int:order_id>/cancel", orders.cancel_order, name="cancel"),
    path("orders/<int:order_id>/stop", orders.stop_order, name="stop"),
    path("orders/<int:order_id>/refund", refunds.request_page, name="refund"),
    path("orders/<int:order_id>/refund/gives", refunds.request_preview, name="refund_gives"),
    path("orders/<int:order_id>/refund/send", refunds.send_request, name="refund_send"),
    path("orders/<int:order_id>/talk", help.order_talk, name="order_talk"),
    path("orders/<int:order_id>/write", help.write_about_order, name="order_write"),
    path("requests", refunds.case_list, name="cases"),
    path("requests/<int:case_id>", refunds.case_page, name="case"),
    path("requests/<int:case_id>/live", refunds.case_live, name="case_live"),
    path("requests/<int:case_id>/add", refunds.add_words, name="case_add"),
    path("requests/<int:case_id>/contest", refunds.contest_case, name="case_contest"),
    path("requests/<int:case_id>/withdraw", refunds.withdraw_case, name="case_withdraw"),
    path("files/<int:file_id>", orders.file_download, name="file"),
    path("wallet", wallet.wallet_page, name="wallet"),
    path("wallet/statement.csv", wallet.statement_csv, name="statement_csv"),
    path("wallet/deposits", deposits.ask, name="deposit_ask"),
    path("wallet/deposits/price", deposits.price, name="deposit_price"),
    path("wallet/deposits/<int:deposit_id>", deposits.deposit_page, name="deposit"),
    path("wallet/deposits/<int:deposit_id>/live", deposits.deposit_live, name="deposit_live"),
    path("wallet/deposits/<int:deposit_id>/cancel", deposits.cancel, name="deposit_cancel"),
    path("help", help.help_page, name="help"),
    path("help/talk", help.general_talk, name="help_talk"),
    path("help/write", help.write, name="help_write"),
    path("settings", settings.settings_page, name="settings"),
    path("settings/profile", settings.save, name="settings_save"),
    path("settings/keys", settings.create_key, name="key_create"),
    path("settings/keys/<int:key_id>/revoke", settings.revoke_key, name="key_revoke"),
]
