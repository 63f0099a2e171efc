"""What staff may do, by role. The groups are made after every migration; a person may be in several.

The names are Django's: app, verb, model. What is not an edit of a form borrows the verb nearest to it, and the admin's
pages ask for it: importing an article is adding one, publishing and previewing is changing it, ending or revoking a
right is changing it, trying Stripe or a message again is changing that row.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions

SUPPORT = (
    "accounts.view_user accounts.view_member accounts.view_accountmerge accounts.view_erasure "
    "accounts.view_signinincident accounts.view_servicecenter "
    "journal.view_article journal.view_issue journal.view_section journal.view_journal "
    "journal.view_recipient journal.view_alert journal.view_alertmail "
    "subscriptions.view_offer subscriptions.view_order subscriptions.view_subscription subscriptions.view_payment "
    "subscriptions.view_receipt subscriptions.view_stripecustomer subscriptions.view_stripeevent "
    "subscriptions.view_institution subscriptions.view_iprange subscriptions.view_librarymanager "
    "subscriptions.view_membership subscriptions.view_rangeproposal subscriptions.view_institutionsignin "
    "subscriptions.view_sitelicense "
    "subscriptions.view_usagemonth subscriptions.view_downloadquestion subscriptions.change_downloadquestion "
    "subscriptions.view_entitlement subscriptions.add_entitlement subscriptions.change_entitlement "
    "subscriptions.view_traineeproof subscriptions.change_traineeproof subscriptions.view_giftlink "
    "subscriptions.view_accesscodebatch subscriptions.view_accesscode subscriptions.view_credit "
    "subscriptions.view_consent subscriptions.view_withdrawal subscriptions.change_withdrawal "
    "subscriptions.view_synctarget subscriptions.change_synctarget "
    "subscriptions.view_outgoingmail subscriptions.change_outgoingmail "
    "subscriptions.view_refund subscriptions.add_refund subscriptions.view_creditnote subscriptions.view_dispute "
    "subscriptions.view_fraudwarning subscriptions.view_policy subscriptions.view_reconciliation "
    "subscriptions.view_finding subscriptions.change_finding "
    "subscriptions.view_pricechange subscriptions.view_pricenotice "
    "cme.view_activity cme.view_provider cme.view_requirement cme.view_question cme.view_attempt "
    "cme.view_credit cme.change_credit cme.view_correction cme.view_report "
    "desk.view_auditentry desk.act_for_reader desk.view_as_reader desk.view_note desk.add_note desk.change_note"
)
EDITOR = (
    "journal.view_journal journal.change_journal "
    "journal.view_section journal.add_section journal.change_section journal.delete_section "
    "journal.view_issue journal.add_issue journal.change_issue journal.delete_issue "
    "journal.view_article journal.add_article journal.change_article journal.delete_article "
    "journal.view_articlesource journal.view_articlefile journal.view_importbatch "
    "journal.view_topic journal.add_topic journal.change_topic journal.delete_topic "
    "journal.view_articletopic journal.add_articletopic journal.change_articletopic journal.delete_articletopic "
    "journal.view_collection journal.add_collection journal.change_collection journal.delete_collection "
    "journal.view_collectionentry journal.add_collectionentry journal.change_collectionentry "
    "journal.delete_collectionentry "
    "journal.view_elsewhere journal.add_elsewhere journal.change_elsewhere journal.delete_elsewhere "
    "journal.view_relation journal.add_relation journal.change_relation journal.delete_relation"
)
BUSINESS = (
    "journal.view_article journal.view_issue journal.view_section journal.view_journal "
    "subscriptions.view_offer subscriptions.add_offer subscriptions.change_offer "
    "subscriptions.view_policy subscriptions.change_policy "
    "subscriptions.view_pricechange subscriptions.add_pricechange subscriptions.change_pricechange "
    "subscriptions.view_pricenotice "
    "subscriptions.view_accesscodebatch subscriptions.add_accesscodebatch subscriptions.change_accesscodebatch "
    "subscriptions.view_accesscode "
    "subscriptions.view_institution subscriptions.add_institution subscriptions.change_institution "
    "subscriptions.view_usagemonth "
    "subscriptions.view_iprange subscriptions.add_iprange subscriptions.change_iprange subscriptions.delete_iprange "
    "subscriptions.view_librarymanager subscriptions.add_librarymanager "
    "subscriptions.change_librarymanager subscriptions.delete_librarymanager "
    "accounts.view_member accounts.view_rosterimport accounts.add_rosterimport "
    "subscriptions.view_rangeproposal subscriptions.change_rangeproposal "
    "subscriptions.view_sitelicense subscriptions.add_sitelicense subscriptions.change_sitelicense "
    "subscriptions.view_institutionsignin subscriptions.add_institutionsignin subscriptions.change_institutionsignin "
    "accounts.view_servicecenter accounts.add_servicecenter accounts.change_servicecenter"
)
EDUCATION = (
    "journal.view_article journal.view_issue journal.view_section journal.view_journal "
    "cme.view_activity cme.add_activity cme.change_activity cme.delete_activity "
    "cme.view_provider cme.add_provider cme.change_provider cme.delete_provider "
    "cme.view_requirement cme.add_requirement cme.change_requirement cme.delete_requirement "
    "cme.view_question cme.add_question cme.change_question cme.delete_question "
    "cme.view_attempt cme.view_commitment cme.view_credit cme.change_credit cme.view_correction "
    "cme.view_report cme.change_report"
)
#: Beyond all the other roles together. Not here, and so a superuser's: groups and their permissions, making superusers,
#: the job queue, changing what Stripe or a reader has written.
ADMINISTRATOR = (
    "accounts.add_user accounts.change_user auth.view_group admin.view_logentry account.view_emailaddress "
    "mfa.view_authenticator mfa.delete_authenticator desk.see_whole_audit_log"
)
EVERYDAY = (SUPPORT, EDITOR, BUSINESS, EDUCATION)
ROLES = {
    "Support": SUPPORT.split(),
    "Editor": EDITOR.split(),
    "Business": BUSINESS.split(),
    "Education": EDUCATION.split(),
    "Administrator": sorted({name for names in (*EVERYDAY, ADMINISTRATOR) for name in names.split()}),
}
#: What stands beside each role where roles are given (docs/support.md says it at length).
EXPLAINED = {
    "Support": "Helps readers: sees what they have and paid, and does all the desk's actions. Sets no prices, publishes"
    " nothing.",
    "Editor": "Imports and publishes articles, keeps issues, sections, topics, collections. Sees no readers, no money.",
    "Business": "Prices, plans, policy, institutions and their licenses, rosters; figures, and the books without names."
    " Sees no reader's orders.",
    "Education": "CME activities, certificates and reports.",
    "Administrator": "All of these together; gives roles, takes lost second factors away, sees the whole audit log.",
}


def make_groups(*, apps: Any = installed_apps, using: str = "default", **_: Any) -> None:
    """Make the groups of ROLES with exactly their permissions. Runs after each migration, as often as you like.

    Permissions are made after a migration, too, app by app; so ours are asked for first. While a database is only half
    migrated (no groups yet, or a model not there yet) there is nothing to do.
    """
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:
        return
    for label in sorted({name.partition(".")[0] for names in ROLES.values() for name in names}):
        create_permissions(installed_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    known = {f"{p.content_type.app_label}.{p.codename}": p for p in _all_with_type(permission_model, using)}
    for role, names in ROLES.items():
        group, _created = group_model.objects.using(using).get_or_create(name=role)
        group.permissions.set([known[name] for name in names if name in known])


def _all_with_type(permission_model: Any, using: str) -> Iterable[Any]:
    found: Iterable[Any] = permission_model.objects.using(using).select_related("content_type")
    return found
