"""The desk's addresses, below the admin's: `admin:desk:person`."""

from django.urls import path

from desk import explain_views, pattern_views, person_views, search_views
from desk.bulk import views as bulk
from desk.figures import pages as figures

app_name = "desk"

urlpatterns = [
    path("", search_views.search, name="search"),
    path("people/<int:user_id>/", person_views.show, name="person"),
    path("people/<int:user_id>/explain/", explain_views.show, name="explain_person"),
    path("explain/", explain_views.show, name="explain"),
    path("figures/", figures.figures, name="figures"),
    path("figures/<str:key>.csv", figures.as_csv, name="figures_csv"),
    path("tables/<str:name>.csv", bulk.take, name="table"),
    path("tables/<str:name>/", bulk.bring, name="bring"),
    path("patterns/", pattern_views.patterns, name="patterns"),
]
