from django.urls import path

from subscriptions import views, webhooks

app_name = "subscriptions"

urlpatterns = [
    path("offers/<int:offer_id>/order/", views.order, name="order"),
    path("orders/<uuid:order_id>/return/", views.order_return, name="order_return"),
    path("orders/<uuid:order_id>/cancel/", views.order_cancel, name="order_cancel"),
    path("rentals/<int:entitlement_id>/start/", views.start_rental, name="start_rental"),
    path("my-access/", views.my_access, name="my_access"),
    path("my-access/manage/", views.manage, name="manage"),
    path("receipts/<int:number>/", views.receipt, name="receipt"),
    path("receipts/<int:number>/invoice.pdf", views.invoice_pdf, name="invoice_pdf"),
    path("credit-notes/<int:number>.pdf", views.credit_note, name="credit_note"),
    path("stripe/webhook/", webhooks.stripe_webhook, name="stripe_webhook"),
]
