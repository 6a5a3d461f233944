"""Who may do what: the one permission table. Pure."""

from enum import StrEnum


class Role(StrEnum):
    """A person's role. A customer has none of the staff roles."""

    CUSTOMER = ""
    AGENT = "agent"
    APPROVER = "approver"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What the desk can be asked to do or show."""

    DESK_READ = "desk.read"
    CASE_WORK = "case.work"
    CASE_APPROVE = "case.approve"
    STAFF_WORK = "staff.work"
    ORDER_RESOLVE = "order.resolve"
    DEPOSIT_CONFIRM = "deposit.confirm"
    CREDITS_GRANT = "credits.grant"
    CATALOGUE_EDIT = "catalogue.edit"
    POLICY_ACTIVATE = "policy.activate"
    PEOPLE_MANAGE = "people.manage"


_STAFF = {Role.AGENT, Role.APPROVER, Role.OPERATOR}

PERMISSIONS: dict[Permission, frozenset[Role]] = {
    Permission.DESK_READ: frozenset(_STAFF | {Role.AUDITOR}),
    Permission.CASE_WORK: frozenset(_STAFF),
    Permission.CASE_APPROVE: frozenset({Role.APPROVER, Role.OPERATOR}),
    Permission.STAFF_WORK: frozenset(_STAFF),
    Permission.ORDER_RESOLVE: frozenset(_STAFF),
    Permission.DEPOSIT_CONFIRM: frozenset({Role.OPERATOR}),
    Permission.CREDITS_GRANT: frozenset({Role.APPROVER, Role.OPERATOR}),
    Permission.CATALOGUE_EDIT: frozenset({Role.OPERATOR}),
    Permission.POLICY_ACTIVATE: frozenset({Role.OPERATOR}),
    Permission.PEOPLE_MANAGE: frozenset({Role.OPERATOR}),
}
"""Every permission and the roles that have it. A role that is not named has not got it."""

SCOPES = ("read", "order", "refund")
"""Scopes of an API key: read everything of one's own; place and cancel orders; ask for refunds."""


def allows(role: str, permission: Permission) -> bool:
    """Whether a role has a permission."""
    return role in PERMISSIONS[permission]


def is_staff(role: str) -> bool:
    """Whether the role belongs to the desk rather than to a customer."""
    return allows(role, Permission.DESK_READ)
