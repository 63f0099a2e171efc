from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0002_full_text_references'),
    ]

    operations = [
        migrations.AddField(
            model_name='articlesource',
            name='members',
            field=models.JSONField(db_default=[], default=list, help_text="The package's other files: [{name, file, size}]."),
        ),
        migrations.AddField(
            model_name='articlesource',
            name='xml_name',
            field=models.CharField(blank=True, db_default='', help_text="The XML's path in its package.", max_length=500),
        ),
    ]
