"""People, their API tokens, and the timers that make the future happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from hypercare.database.lines import LineField
from hypercare.security.encryption import OptionalSecretField


def validate_time_zone(name: str) -> None:
    """Refuse anything that is not an IANA zone name such as `Europe/Copenhagen`."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Copenhagen or UTC.")


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person; without a password they can only use links sent to them."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An administrator."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, may_plan=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can be named, told and asked. Signs in by e-mail address."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = LineField(max_length=120)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    phone = OptionalSecretField(blank=True, default="")
    may_plan = models.BooleanField(default=False, help_text="May open new periods.")
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.SYSTEM, blank=True)
    shortcuts = models.BooleanField(default=True, help_text="Single-key shortcuts (WCAG 2.1.4).")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    session_round = models.PositiveIntegerField(default=0, help_text="Counted up, it ends every session.")
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="one_person_per_address")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_session_auth_hash(self) -> str:
        """What a session must hold to be this person's: changes with the password and with signing out everywhere."""
        return self._of_this_round(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same for older secret keys."""
        return map(self._of_this_round, super().get_session_auth_fallback_hash())

    def _of_this_round(self, of_password: str) -> str:
        if not self.session_round:
            return of_password
        return salted_hmac("hypercare.sessions", f"{of_password} {self.session_round}").hexdigest()

    @property
    def first_name(self) -> str:
        """The name as said in passing."""
        return self.name.split(" ")[0]

    @property
    def short_name(self) -> str:
        """`Maja L.`: fits a table cell."""
        first, _, rest = self.name.partition(" ")
        return f"{first} {rest.split(' ')[-1][0]}." if rest else first

    @property
    def zone(self) -> ZoneInfo:
        """The zone their times are shown in."""
        return ZoneInfo(self.timezone)


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is stored; the text is shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    may_write = models.BooleanField(default=True, help_text="Otherwise it reads only.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class FirstAnswer(models.Model):
    """What the first request with an `Idempotency-Key` was answered; written in the transaction of its change."""

    slot = models.CharField(max_length=64, unique=True, help_text="SHA-256 of person, path and key.")
    asked = models.CharField(max_length=64, help_text="What tells the body from another.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.slot[:12]


class Timer(models.Model):
    """Something due. It fires exactly once per key, never after it was cleared.

    `args` is a snapshot taken when it was set: later edits of what it was made from can't break it.
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    args = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    fired_at = models.DateTimeField(null=True, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(fired_at__isnull=True) | Q(cleared_at__isnull=True), name="fired_or_cleared"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                name="timer_pending",
                condition=Q(fired_at__isnull=True, cleared_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.key


class Setback(models.Model):
    """Work that failed and will be tried again, with growing pauses, until it goes through."""

    key = models.CharField(max_length=200, unique=True)
    attempts = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField()
    first_at = models.DateTimeField()
    last_error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["retry_at"], name="setback_due")]

    def __str__(self) -> str:
        return self.key


class Installation(models.Model):
    """One row: which installation this database belongs to, and whether its engine stands still."""

    mark = models.CharField(max_length=200, blank=True, help_text="See hypercare/engine/restore.py.")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"Paused: {self.paused_why}" if self.paused_at else "Running"


class Heartbeat(models.Model):
    """When each part of the engine last ran, and what was the oldest thing it had left to do."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()
    oldest_due_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
