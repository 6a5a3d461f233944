"""Services, and every version of their terms that ever applied."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from smmatic.catalogue.kinds import Platform
from smmatic.catalogue.rules import MAX_ORDER_UNITS, ServiceType

__all__ = ["Service", "ServiceVersion"]

_PLATFORMS = [platform.value for platform in Platform if platform is not Platform.WEB]


class Service(models.Model):
    """What can be ordered, at which price and on which terms. `price_units` are Credit units for one service unit."""

    code = models.CharField(max_length=20, unique=True)
    name_en = models.CharField(max_length=120)
    name_vi = models.CharField(max_length=120)
    category = models.CharField(max_length=40)
    service_class = models.CharField(max_length=40)
    platform = models.CharField(max_length=20)
    unit_en = models.CharField(max_length=40)
    unit_vi = models.CharField(max_length=40)
    type = models.CharField(max_length=20)
    min = models.IntegerField()
    max = models.IntegerField()
    step = models.IntegerField()
    price_units = models.BigIntegerField()
    start_hours = models.IntegerField()
    grace_minutes = models.IntegerField()
    delivery = models.CharField(max_length=10)
    rework_days = models.IntegerField()
    stop_rule = models.CharField(max_length=10)
    link_kinds = models.JSONField()
    position = models.IntegerField(default=0)
    active = models.BooleanField(default=True, db_default=True)
    version = models.IntegerField(default=1, db_default=1)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "catalogue_service"
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9-]+$"), name="catalogue_service_code"),
            models.CheckConstraint(condition=Q(platform__in=_PLATFORMS), name="catalogue_service_platform"),
            models.CheckConstraint(
                condition=Q(type__in=[kind.value for kind in ServiceType]), name="catalogue_service_type"
            ),
            models.CheckConstraint(
                condition=Q(min__gte=1) & Q(max__gte=F("min")) & Q(step__gte=1), name="catalogue_service_quantities"
            ),
            models.CheckConstraint(
                condition=~Q(type="package") | Q(min=1, max=1), name="catalogue_service_package_is_one"
            ),
            models.CheckConstraint(
                condition=Q(price_units__gte=1) & Q(price_units__lte=MAX_ORDER_UNITS / F("max")),
                name="catalogue_service_price",
            ),
            models.CheckConstraint(
                condition=Q(start_hours__range=(0, 8760))
                & Q(grace_minutes__range=(0, 10080))
                & Q(rework_days__range=(0, 365)),
                name="catalogue_service_times",
            ),
            models.CheckConstraint(condition=Q(delivery__in=["provider", "staff"]), name="catalogue_service_delivery"),
            models.CheckConstraint(condition=Q(stop_rule__in=["none", "request"]), name="catalogue_service_stop_rule"),
            models.CheckConstraint(condition=Q(version__gte=1), name="catalogue_service_version"),
        ]


class ServiceVersion(models.Model):
    """The terms of a service under one version: written once, never changed."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    terms = models.JSONField()
    active = models.BooleanField()
    actor = models.ForeignKey("smmatic.User", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "catalogue_service_version"
        constraints = [models.UniqueConstraint(fields=["service", "version"], name="catalogue_service_version_once")]
