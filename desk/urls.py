"""The desk's addresses, below the admin's: `admin:desk:person`."""

from django.urls import path

from desk import explain_views, pattern_views, person_views, search_views

app_name = "desk"

urlpatterns = [
    path("", search_views.search, name="search"),
    path("people/<int:user_id>/", person_views.show, name="person"),
    path("people/<int:user_id>/explain/", explain_views.show, name="explain_person"),
    path("explain/", explain_views.show, name="explain"),
    path("patterns/", pattern_views.patterns, name="patterns"),
]
