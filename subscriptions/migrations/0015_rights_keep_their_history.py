"""Rights keep their history from here on. Nothing is read or rewritten: the new column's default is the moment of this
migration, and what a right was before it is not known, which is said where it matters."""

import django.db.models.functions.datetime
from django.db import migrations, models


KEPT = (
    "user_id, institution_id, gift_link_id, article_id, issue_id, journal_id, kind, source, starts_at, ends_at,"
    " covers_from, covers_until, grace_since, reading_seconds, open_by, opened_at, revoked_at, revoke_reason"
)
OLD = ", ".join(f"OLD.{column}" for column in KEPT.split(", "))
NEW = ", ".join(f"NEW.{column}" for column in KEPT.split(", "))
KEEP = f"""
CREATE FUNCTION subscriptions_keep_right() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO subscriptions_rightchange (right_id, changed_at, was_deleted, right_created_at, {KEPT})
    VALUES (OLD.id, clock_timestamp(), TG_OP = 'DELETE', OLD.created_at, {OLD});
    RETURN NULL;
END $$;
CREATE TRIGGER keep_changed_right AFTER UPDATE ON subscriptions_entitlement
    FOR EACH ROW WHEN (({OLD}) IS DISTINCT FROM ({NEW})) EXECUTE FUNCTION subscriptions_keep_right();
CREATE TRIGGER keep_deleted_right AFTER DELETE ON subscriptions_entitlement
    FOR EACH ROW EXECUTE FUNCTION subscriptions_keep_right();
"""
UNDO = """
DROP TRIGGER keep_changed_right ON subscriptions_entitlement;
DROP TRIGGER keep_deleted_right ON subscriptions_entitlement;
DROP FUNCTION subscriptions_keep_right();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0014_sign_in_metadata_address'),
    ]

    operations = [
        migrations.CreateModel(
            name='RightChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('right_id', models.BigIntegerField()),
                ('changed_at', models.DateTimeField()),
                ('was_deleted', models.BooleanField(default=False)),
                ('right_created_at', models.DateTimeField()),
                ('user_id', models.BigIntegerField(null=True)),
                ('institution_id', models.BigIntegerField(null=True)),
                ('gift_link_id', models.BigIntegerField(null=True)),
                ('article_id', models.BigIntegerField(null=True)),
                ('issue_id', models.BigIntegerField(null=True)),
                ('journal_id', models.BigIntegerField(null=True)),
                ('kind', models.CharField(choices=[('purchase', 'Purchase'), ('rental', 'Rental'), ('subscription', 'Subscription'), ('institution', "Institution's license"), ('complimentary', 'Complimentary'), ('access_code', 'Access code'), ('membership', 'Membership of the society'), ('gift', 'Gift link'), ('cme', 'CME activity (no right to read)')], max_length=15)),
                ('source', models.CharField(max_length=100)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('covers_from', models.DateField(null=True)),
                ('covers_until', models.DateField(null=True)),
                ('grace_since', models.DateTimeField(null=True)),
                ('reading_seconds', models.PositiveIntegerField(null=True)),
                ('open_by', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revoke_reason', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['changed_at', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='entitlement',
            name='history_since',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='From then on each change is kept (RightChange); later than its making only for old rights.'),
        ),
        migrations.AddIndex(
            model_name='rightchange',
            index=models.Index(fields=['right_id', 'changed_at'], name='change_of_right'),
        ),
        migrations.AddIndex(
            model_name='rightchange',
            index=models.Index(condition=models.Q(('user_id__isnull', False)), fields=['user_id', 'changed_at'], name='change_of_user'),
        ),
        migrations.AddIndex(
            model_name='rightchange',
            index=models.Index(condition=models.Q(('institution_id__isnull', False)), fields=['institution_id'], name='change_of_institution'),
        ),
        migrations.AddIndex(
            model_name='rightchange',
            index=models.Index(condition=models.Q(('gift_link_id__isnull', False)), fields=['gift_link_id'], name='change_of_gift'),
        ),
        migrations.RunSQL(KEEP, UNDO),
    ]
