"""The desk's addresses, below the admin's: `admin:desk:person`."""

from django.urls import path

from desk import (
    action_views,
    explain_views,
    note_views,
    pattern_views,
    person_views,
    search_views,
    viewing_views,
)
from desk.bulk import views as bulk
from desk.figures import pages as figures

app_name = "desk"

urlpatterns = [
    path("", search_views.search, name="search"),
    path("people/<int:user_id>/", person_views.show, name="person"),
    path("people/<int:user_id>/explain/", explain_views.show, name="explain_person"),
    path("explain/", explain_views.show, name="explain"),
    path("figures/", figures.figures, name="figures"),
    path("figures/payments.csv", figures.books_as_csv, name="books"),
    path("figures/<str:key>.csv", figures.as_csv, name="figures_csv"),
    path("tables/<str:name>.csv", bulk.take, name="table"),
    path("tables/<str:name>/", bulk.bring, name="bring"),
    path("patterns/", pattern_views.patterns, name="patterns"),
    path("people/<int:user_id>/do/<str:name>/", action_views.act, name="act"),
    path("people/<int:user_id>/notes/", note_views.write, name="write_note"),
    path("notes/<int:pk>/strike/", note_views.strike, name="strike_note"),
    path("log/<int:pk>/undo/", action_views.undo, name="undo"),
    path("viewing/end/", viewing_views.end, name="end_viewing"),
]
