import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0020_stale_pages")]

    operations = [
        *[
            migrations.AddField(
                "institution", name,
                models.CharField(label, max_length=length, blank=True, default="", db_default=""),
            )
            for name, label, length in (
                ("billing_line1", "street", 200), ("billing_line2", "street, continued", 200),
                ("billing_postal_code", "postal code", 20), ("billing_city", "city", 100),
                ("billing_state", "state or region", 100),
            )
        ],
        migrations.AddField(
            "institution",
            "billing_country",
            models.CharField(
                "country", max_length=2, blank=True, default="", db_default="",
                help_text="Two capital letters, as DE or US. With Stripe Tax it decides which tax is due.",
                validators=[
                    django.core.validators.RegexValidator("^[A-Z]{2}$", "Two capital letters, as DE or US.")
                ],
            ),
        ),
        migrations.AddField(
            "institution",
            "tax_number",
            models.CharField(
                max_length=40, blank=True, default="", db_default="",
                help_text="VAT number or the like, as DE123456789. With it a business in the EU accounts for the tax itself.",
            ),
        ),
        migrations.AddField(
            "institution",
            "tax_exempt",
            models.CharField(
                "taxes", max_length=10, default="none", db_default="none",
                choices=[
                    ("none", "As the law of the place says"), ("exempt", "Exempt"),
                    ("reverse", "Reverse charge: the institution accounts for the tax"),
                ],
                help_text="Only with Stripe Tax. Keep the certificate of who is exempt.",
            ),
        ),
        migrations.AddField(
            "sitelicense",
            "tax",
            models.JSONField(
                null=True, blank=True, editable=False,
                help_text="As Stripe Tax worked it out; empty without it.",
            ),
        ),
        migrations.AlterField(
            "sitelicense",
            "amount",
            models.PositiveIntegerField(help_text="In the currency's minor unit, without taxes."),
        ),
    ]
