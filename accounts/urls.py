from django.urls import path

from accounts import languages, views

app_name = "accounts"

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("language/", languages.choose, name="language"),
    path("privacy/", views.privacy_page, name="privacy"),
    path("privacy/copy/", views.ask_for_copy, name="ask_for_copy"),
    path("privacy/copy/<int:pk>/everything.zip", views.download_copy, name="download_copy"),
    path("privacy/erase/", views.erase, name="erase"),
    path("privacy/keep/", views.keep, name="keep"),
    path("sessions/<int:pk>/end/", views.end_session, name="end_session"),
]
