"""Addresses of institutional sign-ins below /accounts/, under the names allauth's provider asks for."""

from django.urls import path

from subscriptions.institutions import sign_in_views

urlpatterns = [
    path("institution/<slug:organization_slug>/", sign_in_views.start, name="saml_login"),
    path("institution/<slug:organization_slug>/acs/", sign_in_views.acs, name="saml_acs"),
    path("institution/<slug:organization_slug>/acs/finish/", sign_in_views.finish, name="saml_finish_acs"),
    path("institution/<slug:organization_slug>/metadata/", sign_in_views.metadata, name="saml_metadata"),
    path("institution/<slug:organization_slug>/logout/", sign_in_views.no_single_logout, name="saml_sls"),
]
