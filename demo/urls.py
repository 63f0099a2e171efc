from django.urls import path

from demo import views

app_name = "demo"

urlpatterns = [
    path("", views.sample_people, name="people"),
    path("mail/", views.mail, name="mail"),
    path("faults/", views.faults, name="faults"),
]
