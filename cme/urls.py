from django.urls import path

from cme import credit_views, test_views, verify_views, views

app_name = "cme"

urlpatterns = [
    path("", views.activities, name="activities"),
    path("<int:activity_id>/", views.activity, name="activity"),
    path("<int:activity_id>/start/", test_views.start, name="start"),
    path("attempts/<uuid:attempt_id>/", test_views.test, name="test"),
    path("attempts/<uuid:attempt_id>/answers/", test_views.answers, name="answers"),
    path("attempts/<uuid:attempt_id>/result/", test_views.result, name="result"),
    path("attempts/<uuid:attempt_id>/claim/", credit_views.claim, name="claim"),
    path("credits/", credit_views.transcript, name="transcript"),
    path("credits/<int:year>.pdf", credit_views.transcript_pdf, name="transcript_pdf"),
    path("credits/<int:year>.csv", credit_views.transcript_csv, name="transcript_csv"),
    path("credits/<str:number>/certificate.pdf", credit_views.certificate, name="certificate"),
    path("credits/<str:number>/report/", credit_views.mend, name="mend"),
    path("credits/<str:number>/report/withdraw/", credit_views.withdraw_report, name="withdraw_report"),
    path("credits/<str:number>/commitment/", credit_views.commitment, name="commitment"),
    path("verify/", verify_views.verify_form, name="verify_form"),
    path("verify/<str:number>/", verify_views.verify, name="verify"),
]
