from django.urls import path

from subscriptions import (
    claim_views,
    code_views,
    gift_views,
    membership_views,
    merge_views,
    subscription_views,
    trainee_views,
    views,
    webhooks,
    withdrawal_views,
)
from subscriptions.institutions import views as library_views

app_name = "subscriptions"

urlpatterns = [
    path("offers/<int:offer_id>/order/", views.order, name="order"),
    path("orders/<uuid:order_id>/return/", views.order_return, name="order_return"),
    path("orders/<uuid:order_id>/cancel/", views.order_cancel, name="order_cancel"),
    path("purchases/claim/<str:token>/", claim_views.claim, name="claim"),
    path("purchases/find/", claim_views.find_purchase, name="find_purchase"),
    path("rentals/<int:entitlement_id>/start/", views.start_rental, name="start_rental"),
    path("my-access/", views.my_access, name="my_access"),
    path("my-access/manage/", views.manage, name="manage"),
    path("my-access/duplicates/<int:finding_id>/", views.settle_duplicate, name="settle_duplicate"),
    path("withdraw/", withdrawal_views.withdraw, name="withdraw"),
    path("my-access/card/", subscription_views.card, name="card"),
    path("my-access/card/changed/", subscription_views.card_changed, name="card_changed"),
    path("my-access/training/", trainee_views.trainee_proof, name="trainee_proof"),
    path("subscribe/", subscription_views.plans, name="plans"),
    path("subscriptions/<int:subscription_id>/cancel/", subscription_views.cancel, name="cancel"),
    path("subscriptions/<int:subscription_id>/keep/", subscription_views.keep, name="keep"),
    path("subscriptions/<int:subscription_id>/switch/<int:offer_id>/", subscription_views.switch, name="switch"),
    path("subscriptions/<int:subscription_id>/switched/", subscription_views.switched, name="switched"),
    path("gifts/", gift_views.mine, name="gifts"),
    path("gifts/new/<int:article_id>/", gift_views.give, name="give"),
    path("gifts/<int:link_id>/take-back/", gift_views.take_back, name="take_back_gift"),
    path("gift/<str:token>/", gift_views.gift, name="gift"),
    path("library/", library_views.libraries, name="libraries"),
    path("library/<int:institution_id>/", library_views.overview, name="library"),
    path("account/merge/", merge_views.begin, name="merge"),
    path("account/merge/code/", merge_views.prove, name="merge_prove"),
    path("account/merge/confirm/", merge_views.confirm, name="merge_confirm"),
    path("membership/", membership_views.activate, name="activate_membership"),
    path("redeem/", code_views.redeem, name="redeem"),
    path("receipts/<int:number>/", views.receipt, name="receipt"),
    path("receipts/<int:number>/invoice.pdf", views.invoice_pdf, name="invoice_pdf"),
    path("credit-notes/<int:number>.pdf", views.credit_note, name="credit_note"),
    path("stripe/webhook/", webhooks.stripe_webhook, name="stripe_webhook"),
]
