"""Who may read what, and how they came by it."""

from subscriptions.models.codes import AccessCode, AccessCodeBatch
from subscriptions.models.downloads import DownloadQuestion, Fetched
from subscriptions.models.entitlement import Entitlement
from subscriptions.models.fairness import Consent, Credit, Withdrawal
from subscriptions.models.gifts import GiftLink, GiftOpening
from subscriptions.models.history import RightChange
from subscriptions.models.institution import Institution, IPRange, LibraryManager, RangeProposal
from subscriptions.models.licenses import SiteLicense
from subscriptions.models.members import Membership, SeatInvitation
from subscriptions.models.papers import PaperNumber, Receipt
from subscriptions.models.price_changes import PriceChange, PriceNotice
from subscriptions.models.returns import (
    CreditNote,
    Dispute,
    Finding,
    FraudWarning,
    Policy,
    Reconciliation,
    Refund,
)
from subscriptions.models.sales import Offer, Order, Payment, Subscription
from subscriptions.models.sign_ins import InstitutionSignIn
from subscriptions.models.stripe import OutgoingMail, StripeCustomer, StripeEvent, SyncTarget
from subscriptions.models.trainees import TraineeProof
from subscriptions.models.usage import SushiAccess, UsageCount, UsageEvent, UsageMonth

__all__ = [
    "AccessCode",
    "AccessCodeBatch",
    "Consent",
    "Credit",
    "CreditNote",
    "Dispute",
    "DownloadQuestion",
    "Entitlement",
    "Fetched",
    "Finding",
    "FraudWarning",
    "GiftLink",
    "GiftOpening",
    "IPRange",
    "Institution",
    "InstitutionSignIn",
    "LibraryManager",
    "Membership",
    "Offer",
    "Order",
    "OutgoingMail",
    "PaperNumber",
    "Payment",
    "Policy",
    "PriceChange",
    "PriceNotice",
    "RangeProposal",
    "Receipt",
    "Reconciliation",
    "Refund",
    "RightChange",
    "SeatInvitation",
    "SiteLicense",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "SushiAccess",
    "SyncTarget",
    "TraineeProof",
    "UsageCount",
    "UsageEvent",
    "UsageMonth",
    "Withdrawal",
]
