"""Addresses of one invoice, below /invoices/<id>/."""

from django.urls import path

from dunwell.web.pages import documents
from dunwell.web.pages.invoice import amend, views

urlpatterns = [
    path("", views.invoice, name="invoice"),
    path("pdf/", documents.invoice_document, name="invoice_pdf"),
    path("files/<uuid:document_id>/", documents.stored, name="invoice_file"),
    path("amend/", amend.amend, name="invoice_amend"),
    path("steps/", views.own_steps, name="invoice_steps"),
    path("<slug:name>/", views.act, name="invoice_act"),
    path("<slug:name>/<uuid:object_id>/", views.act, name="invoice_act_on"),
]
