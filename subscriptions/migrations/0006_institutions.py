"""Institutions: people who look after them, readers by name, sign-ins, proposed networks, licenses.

New tables, and columns with a default that PostgreSQL keeps beside the table: nothing is rewritten.
"""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import subscriptions.models.members
import subscriptions.models.sales
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0011_uncompressed_pages'),
        ('subscriptions', '0005_gift_rights'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='institution',
            name='customer_id',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text="Stripe's customer.", max_length=255),
        ),
        migrations.AddField(
            model_name='institution',
            name='resolver_label',
            field=models.CharField(blank=True, db_default='', default='', help_text='For example “Find it at Heron University”. Empty: “Find it at my library”.', max_length=60, verbose_name='words of the link'),
        ),
        migrations.AddField(
            model_name='institution',
            name='resolver_url',
            field=models.CharField(blank=True, db_default='', default='', help_text='Base address of its OpenURL link resolver. Its readers get a link beside each article.', max_length=500, validators=[django.core.validators.URLValidator(schemes=['https', 'http'])], verbose_name='link resolver'),
        ),
        migrations.AddField(
            model_name='institution',
            name='seats',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='How many readers it may invite by name, beside its network.'),
        ),
        migrations.AlterField(
            model_name='institution',
            name='contact_email',
            field=models.EmailField(blank=True, help_text='Invoices go here, too.', max_length=254, verbose_name='contact e-mail'),
        ),
        migrations.AlterField(
            model_name='synctarget',
            name='key',
            field=models.CharField(help_text="Our order's or license's id, Stripe's subscription or payment intent id, or a refund's request.", max_length=255),
        ),
        migrations.AlterField(
            model_name='synctarget',
            name='kind',
            field=models.CharField(choices=[('order', 'Order'), ('subscription', 'Subscription'), ('payment', 'Disputes and warnings of a payment'), ('refund', 'Refund to be made'), ('license', "Invoice of an institution's license")], max_length=15),
        ),
        migrations.CreateModel(
            name='InstitutionSignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='Part of the addresses the identity provider is told: never change it.', max_length=60, unique=True)),
                ('active', models.BooleanField(default=True, verbose_name='offered to readers')),
                ('metadata_url', models.URLField(blank=True, help_text='https address; fetched when this page is saved.', max_length=500)),
                ('metadata', models.TextField(blank=True, help_text='Or paste the XML here.', verbose_name='metadata (XML)')),
                ('entity_id', models.CharField(blank=True, help_text='Needed only where the metadata describes several identity providers.', max_length=500)),
                ('sso_url', models.CharField(editable=False, max_length=500, verbose_name='sign-in address')),
                ('certificates', models.JSONField(default=list, editable=False)),
                ('email_attribute', models.CharField(default='urn:oid:0.9.2342.19200300.100.1.3', max_length=300, verbose_name='attribute with the e-mail address')),
                ('affiliation_attribute', models.CharField(default='urn:oid:1.3.6.1.4.1.5923.1.1.1.9', max_length=300, verbose_name='attribute with the affiliation')),
                ('affiliations', models.CharField(default='member, faculty, staff, student, employee', help_text='With commas between. A value like student@heron.example counts as student.', max_length=500, verbose_name='affiliations that may read')),
                ('scopes', models.CharField(blank=True, help_text='What may stand after the @ of an affiliation, with commas between. Empty: anything.', max_length=500)),
                ('mail_domains', models.CharField(blank=True, help_text='E-mail domains this institution gives out: their addresses count as confirmed. With commas between.', max_length=500)),
                ('days', models.PositiveSmallIntegerField(default=30, help_text='From each sign-in; then the reader signs in there again.', verbose_name='reading goes on for (days)')),
                ('institution', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='sign_in', to='subscriptions.institution')),
            ],
            options={
                'verbose_name': 'institutional sign-in',
                'ordering': ['institution__name'],
            },
        ),
        migrations.CreateModel(
            name='LibraryManager',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='library_managers', to='subscriptions.institution')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='library_managers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'librarian',
            },
        ),
        migrations.AddField(
            model_name='institution',
            name='managers',
            field=models.ManyToManyField(related_name='managed_institutions', through='subscriptions.LibraryManager', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('way', models.CharField(choices=[('seat', 'Seat'), ('sign_in', 'Institutional sign-in')], max_length=10)),
                ('affiliation', models.CharField(blank=True, help_text="As the institution's sign-in named it.", max_length=200)),
                ('began_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField(blank=True, help_text='The first moment without it. Empty: without end.', null=True)),
                ('ended_at', models.DateTimeField(blank=True, help_text='Taken back then.', null=True)),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='subscriptions.institution')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-began_at'],
            },
        ),
        migrations.CreateModel(
            name='RangeProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('listed', models.TextField(help_text='As it was typed.', verbose_name='list')),
                ('replaces', models.BooleanField(default=True, verbose_name='is the whole list')),
                ('remark', models.CharField(blank=True, max_length=500)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('accepted', 'Accepted'), ('refused', 'Refused')], default='waiting', max_length=10)),
                ('answer', models.TextField(blank=True, verbose_name='what the librarian is told')),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(auto_now_add=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='subscriptions.institution')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-sent_at'],
            },
        ),
        migrations.CreateModel(
            name='SeatInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('token', models.CharField(default=subscriptions.models.members._new_token, editable=False, max_length=20, unique=True)),
                ('sent_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(default=subscriptions.models.members.in_thirty_days)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='subscriptions.institution')),
                ('invited_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invitations', to='subscriptions.membership')),
            ],
            options={
                'ordering': ['-sent_at'],
            },
        ),
        migrations.CreateModel(
            name='SiteLicense',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(default=subscriptions.models.sales.new_order_number, editable=False, max_length=9, unique=True)),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(help_text='The last day.')),
                ('covers_from', models.DateField(blank=True, help_text='Only articles published on or after this day. Empty: the whole back-file.', null=True)),
                ('keeps_back_file', models.BooleanField(default=True, help_text='After the end, what was published during the term stays open to the institution for good.', verbose_name='keeps its years')),
                ('amount', models.PositiveIntegerField(help_text="In the currency's minor unit.")),
                ('currency', models.CharField(default='usd', max_length=3)),
                ('po_number', models.CharField(blank=True, max_length=60, verbose_name='PO number')),
                ('days_until_due', models.PositiveSmallIntegerField(default=30, verbose_name='days to pay')),
                ('trusted', models.BooleanField(default=False, help_text="Open from the invoice's day until 30 days after it is due; paying makes it the whole term.", verbose_name='open at once')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('requested', 'Invoice being made'), ('open', 'Invoice sent, not paid'), ('paid', 'Paid'), ('void', 'Void'), ('uncollectible', 'Written off')], default='draft', editable=False, max_length=15)),
                ('invoice_id', models.CharField(blank=True, editable=False, max_length=255, null=True, unique=True)),
                ('invoice_number', models.CharField(blank=True, editable=False, max_length=60)),
                ('hosted_invoice_url', models.TextField(blank=True, editable=False)),
                ('invoice_pdf', models.TextField(blank=True, editable=False)),
                ('payment_intent_id', models.CharField(blank=True, editable=False, max_length=255)),
                ('finalized_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('due_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('paid_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('paid_by_hand', models.TextField(blank=True, editable=False, help_text='Why staff marked it paid.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('synced_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='licenses', to='subscriptions.institution')),
                ('journal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='licenses', to='journal.journal')),
                ('marked_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'license',
                'ordering': ['-starts_on', '-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='librarymanager',
            constraint=models.UniqueConstraint(fields=('user', 'institution'), name='one_manager_row_per_person'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('user', 'institution', 'way'), name='one_membership_a_way'),
        ),
        migrations.AddConstraint(
            model_name='rangeproposal',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('institution',), name='one_waiting_proposal_per_institution'),
        ),
        migrations.AddIndex(
            model_name='seatinvitation',
            index=models.Index(condition=models.Q(('accepted_at', None), ('withdrawn_at', None)), fields=['institution', 'email'], name='invitation_open'),
        ),
        migrations.AddConstraint(
            model_name='sitelicense',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='license_ends_after_it_starts', violation_error_message='The last day lies before the first.'),
        ),
    ]
