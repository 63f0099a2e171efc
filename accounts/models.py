"""Who is reading: the account, and the service center that helps when it does not work."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.indexes import GinIndex
from django.core.files.storage import storages
from django.core.files.storage.base import Storage
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import lookups  # noqa: F401  (every app may use them)
from accounts.search_words import Words

speakable_phone = RegexValidator(
    r"^\+?[0-9 ().-]{5,30}$", "Write a telephone number with digits, spaces and +().- only."
)


def private_exports() -> Storage:
    return storages["exports"]


def export_name(export: "Export", name: str) -> str:
    return f"{secrets.token_hex(16)}.zip"


class AccountManager(UserManager["User"]):
    """Accounts are named by their email address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """An account. It signs in by email; `name` is how the person wants to be addressed."""

    class Profession(models.TextChoices):
        PHYSICIAN = "physician", gettext_lazy("Physician")
        TRAINEE = "trainee", gettext_lazy("Physician in training")
        NURSE = "nurse", gettext_lazy("Nurse")
        THERAPIST = "therapist", gettext_lazy("Therapist")
        PHARMACIST = "pharmacist", gettext_lazy("Pharmacist")
        RESEARCHER = "researcher", gettext_lazy("Researcher")
        STUDENT = "student", gettext_lazy("Student")
        LIBRARIAN = "librarian", gettext_lazy("Librarian")
        OTHER = "other", gettext_lazy("Something else")

    class Hold(models.TextChoices):
        """Why an account that is not active is on hold. The reader gets E3: the password was right, call us."""

        STAFF = "staff", "put on hold by staff"
        MERGED = "merged", "merged into another account"
        DISPUTED = "disputed", "a payment is disputed"
        REVIEW = "review", "being looked at by staff"

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("email address", unique=True)
    name = models.CharField(max_length=200, blank=True)
    degrees = models.CharField(max_length=100, blank=True, default="", db_default="")
    profession = models.CharField(max_length=20, choices=Profession, blank=True, default="", db_default="")
    language = models.CharField(max_length=7, blank=True, default="", db_default="", help_text="Of pages and mails.")
    held_for = models.CharField(
        "on hold because", max_length=10, choices=Hold, blank=True, default="", db_default="",
        help_text="Said to the person, in other words, when they sign in while the account is not active.",
    )  # fmt: skip

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_per_email")]
        indexes = [GinIndex(Words("name", "email"), name="user_words")]
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class ServiceCenter(models.Model):
    """Whom a reader calls when something is wrong. One row, edited by staff, shown wherever help is offered."""

    name = models.CharField(max_length=120, default="Reader services")
    email = models.EmailField("email address", blank=True)
    phone = models.CharField(max_length=30, blank=True, validators=[speakable_phone])
    phone_toll_free = models.CharField("toll-free phone", max_length=30, blank=True, validators=[speakable_phone])
    hours = models.CharField(
        max_length=200, blank=True, help_text="For example: Monday to Friday, 8:00 to 17:00 (New York)"
    )
    notice = models.TextField(blank=True, help_text="Shown above the contact, for example during a known disturbance.")
    disturbed_since = models.DateTimeField(
        "signing in disturbed since", null=True, blank=True, editable=False,
        help_text="Set by a rise of sign-in errors, cleared when they stop; every page says so meanwhile.",
    )  # fmt: skip

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_service_center")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> "ServiceCenter":
        """The one row, or an unsaved default when staff have not filled it in."""
        return cls.objects.first() or cls(name=_("Reader services"))


class SignInIncident(models.Model):
    """What went wrong for a reader, kept under the reference that was shown (`E2-7KQ4`). Holds no secrets."""

    class Stage(models.TextChoices):
        E1 = "E1", "Cannot sign anyone in"
        E2 = "E2", "Signed in, subscriptions unknown"
        E3 = "E3", "A question about the account"
        P1 = "P1", "A PDF could not be prepared"

    reference = models.CharField(max_length=12, unique=True)
    stage = models.CharField(max_length=2, choices=Stage)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    path = models.CharField(max_length=500)
    happened = models.TextField("what really happened")
    is_rise = models.BooleanField(
        default=True, db_default=True, editable=False,
        help_text="Counts towards a disturbance; what one visitor alone can bring about does not.",
    )  # fmt: skip
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["stage", "created_at"], name="incident_stage_time")]

    def __str__(self) -> str:
        return self.reference


class RateLimit(models.Model):
    """A counter of tries (accounts/rate_limits.py). The key is a digest; whom it counts cannot be read from it."""

    key = models.CharField(primary_key=True, max_length=40)
    window_start = models.BigIntegerField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.key


class KnownDevice(models.Model):
    """A browser an account has signed in with (accounts/devices.py). Only a digest of its cookie is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64)
    browser = models.CharField(max_length=60)
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="one_row_per_device")]

    def __str__(self) -> str:
        return self.browser


class RosterImport(models.Model):
    """A roster as staff uploaded it: checked first, then applied as a whole or not at all."""

    name = models.CharField("file", max_length=200)
    content = models.TextField(editable=False)
    is_complete = models.BooleanField(
        "the file is the whole roster", default=False, help_text="Members who are not in it end today."
    )
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True, blank=True)
    summary = models.CharField("what it did", max_length=200, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "roster"

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A line of the society's roster. Whoever activates it reads until its last day (subscriptions/memberships.py)."""

    number = models.CharField(max_length=40, unique=True, help_text="As it stands on the member's card.")
    name = models.CharField(max_length=200)
    email = models.EmailField("email address", blank=True)
    valid_until = models.DateField(help_text="The last day of the membership.")
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="society_memberships",
        help_text="Who has activated it.",
    )  # fmt: skip
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        indexes = [GinIndex(Words("name", "email"), name="member_words")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class AccountMerge(models.Model):
    """Which account went into which, and what came along (subscriptions/merging.py)."""

    kept = models.ForeignKey(User, on_delete=models.CASCADE, related_name="merges")
    other = models.ForeignKey(User, on_delete=models.CASCADE, related_name="merged_into")
    other_email = models.EmailField("address of the other account")
    moved = models.JSONField(default=dict, help_text="How many rows of each kind came along.")
    stayed = models.JSONField(default=dict, help_text="What has its like in the kept account, and stayed.")
    merged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-merged_at"]

    def __str__(self) -> str:
        return f"{self.other_email} into {self.kept}"


class Export(models.Model):
    """A copy of everything an account holds, asked for by its owner, made by a job, kept for a week."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exports")
    asked_at = models.DateTimeField(default=timezone.now)
    file = models.FileField(storage=private_exports, upload_to=export_name, blank=True, max_length=100)
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.user}, {timezone.localtime(self.asked_at):%Y-%m-%d}"


class Erasure(models.Model):
    """An account's wish to be erased. Until `due_at` one click takes it back; then a job does it for good."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="erasure")
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    kept: Any = models.JSONField(default=list, help_text="What the law keeps, in words.")

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.user}, due {timezone.localtime(self.due_at):%Y-%m-%d}"
