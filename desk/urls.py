"""The desk's addresses, below the admin's: `admin:desk:person`."""

from django.urls import path

from desk import pattern_views, person_views

app_name = "desk"

urlpatterns = [
    path("people/<int:user_id>/", person_views.person, name="person"),
    path("patterns/", pattern_views.patterns, name="patterns"),
]
