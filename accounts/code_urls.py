"""Addresses of allauth's that say more here (accounts/codes.py), by their own names."""

from django.urls import path

from accounts import codes

urlpatterns = [
    path("login/code/confirm/", codes.confirm_login_code, name="account_confirm_login_code"),
    path("password/reset/confirm/", codes.confirm_password_reset_code, name="account_confirm_password_reset_code"),
    path("confirm-email/", codes.email_verification_sent, name="account_email_verification_sent"),
]
