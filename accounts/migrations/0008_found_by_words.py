"""Accounts and members are found by words of their name and address, also without accents. The indexes are made beside
the tables' use; the function uses nothing but what PostgreSQL itself brings."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

import accounts.search_words

# Letters with marks lose them; the few that are no letter with a mark are written out; what separates becomes a space.
MAKE = r"""
CREATE FUNCTION search_words(first text, second text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple'::regconfig, translate(replace(replace(replace(translate(lower(regexp_replace(
        normalize(first || ' ' || second, NFKD), '[\u0300-\u036f]', '', 'g')),
        'øłđı', 'oldi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), '@.,;:-_+''’()/&"|', '                 '))
$$;
"""


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0007_profile_and_privacy'),
    ]

    operations = [
        migrations.RunSQL(MAKE, "DROP FUNCTION search_words(text, text)"),
        AddIndexConcurrently(
            model_name='user',
            index=django.contrib.postgres.indexes.GinIndex(accounts.search_words.Words('name', 'email'), name='user_words'),
        ),
        AddIndexConcurrently(
            model_name='member',
            index=django.contrib.postgres.indexes.GinIndex(accounts.search_words.Words('name', 'email'), name='member_words'),
        ),
    ]
