"""People, their API keys and one-time links."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

__all__ = ["ApiKey", "OneTimeLink", "User"]


class UserManager(BaseUserManager["User"]):
    """Makes users by mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A saved user; without a password nobody can sign in as them."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this address, whatever its case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A customer (role '') or a member of staff."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120, blank=True, default="")
    language = models.CharField(max_length=5, default="en")
    role = models.CharField(max_length=10, blank=True, default="")
    customer_type = models.CharField(max_length=10, default="consumer")
    country = models.CharField(max_length=2, default="VN")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        db_table = "accounts_user"
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email"),
            models.CheckConstraint(
                condition=Q(role__in=["", "agent", "approver", "operator", "auditor"]), name="accounts_user_role"
            ),
            models.CheckConstraint(condition=Q(language__in=["en", "vi"]), name="accounts_user_language"),
            models.CheckConstraint(
                condition=Q(customer_type__in=["consumer", "business"]), name="accounts_user_customer_type"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class ApiKey(models.Model):
    """A key of a customer's own program. Only its hash is kept; the prefix finds it."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)

    class Meta:
        db_table = "accounts_api_key"
        indexes = [models.Index(fields=["user"], name="accounts_api_key_user")]


class OneTimeLink(models.Model):
    """A link that makes the first operator: no installation has a default account."""

    digest = models.BinaryField(max_length=32, unique=True)
    purpose = models.CharField(max_length=20, default="operator")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_one_time_link"
