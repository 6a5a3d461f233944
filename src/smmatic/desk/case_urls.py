"""Routes of the desk about cases' promises, incidents, reports, search and what staff keep and look at."""

from django.urls import path

from smmatic.desk import (
    audit,
    bulk,
    business_days,
    case_reports,
    cases,
    incidents,
    look,
    promises,
    questions,
    search,
    views,
)

urlpatterns = [
    path("cases/<int:case_id>/override", cases.override, name="case_override"),
    path("cases/bulk", bulk.bulk_page, name="cases_bulk"),
    path("cases/bulk/decide", bulk.bulk_decide, name="cases_bulk_decide"),
    path("views/keep", views.keep, name="view_keep"),
    path("views/<int:view_id>/drop", views.drop, name="view_drop"),
    path("promises", promises.promises_page, name="promises"),
    path("incidents", incidents.incidents_page, name="incidents"),
    path("incidents/declare", incidents.declare, name="incident_declare"),
    path("incidents/<int:incident_id>/tell", incidents.tell, name="incident_tell"),
    path("incidents/<int:incident_id>/end", incidents.end, name="incident_end"),
    path("business-days", business_days.calendar_page, name="business_days"),
    path("business-days/set", business_days.set_day, name="business_days_set"),
    path("search", search.search_page, name="search"),
    path("audit", audit.audit_page, name="audit"),
    path("cases/reports", case_reports.reports_page, name="case_reports"),
    path("cases/reports/file", case_reports.export, name="case_reports_file"),
    path("orders/<int:order_id>/ask", questions.ask, name="order_ask"),
    path("orders/<int:order_id>/customer-error", questions.customer_error, name="order_customer_error"),
    path("people/<int:person_id>/look", look.look, name="customer_look"),
    path("people/look/end", look.stop_looking, name="look_end"),
]
