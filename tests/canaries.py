"""A word that stands wherever people can write, and the search for it in every column of every table."""

from typing import Any

import psycopg

from tests.databases import Addresses

CANARY = "kanarienvogel"
"""Stands in every text that people write in a life of tests/lives.py, in its own spelling."""

LINK = f"https://www.facebook.com/{CANARY}"

_REASONS = {
    "a name, a state or a code of ours, out of a fixed list": """
        accounts_audit.kind accounts_saved_view.room accounts_user.language accounts_user.role
        accounts_user.customer_type accounts_user.country accounts_api_key.scopes accounts_one_time_link.purpose
        credits_account.status credits_account_event.kind credits_approval.kind credits_approval.state
        credits_grant.origin credits_transfer.kind credits_transfer.debit credits_transfer.credit
        credits_transfer.clause deposits_deposit.currency deposits_deposit.method deposits_deposit.state
        deposits_dispute.proposed deposits_dispute.state deposits_event.actor_kind deposits_event.kind
        fulfilment_attempt.code fulfilment_attempt.flags fulfilment_attempt.state fulfilment_balance.currency
        fulfilment_call.kind fulfilment_callback.outcome fulfilment_event.kind fulfilment_rework.state
        fulfilment_word.meaning fulfilment_word.place mfa_authenticator.type notices_mail.event_key
        notices_mail.language notices_mail.state notices_mail.topic notices_notice.event_key notices_notice.path
        notices_notice.topic notices_preference.topic orders_batch.state orders_event.actor_kind orders_event.kind
        orders_event.status_from orders_event.status_to orders_file.media_type orders_file.purpose
        orders_order.channel orders_order.link_kind orders_order.service_code orders_order.status
        orders_order.stop_status privacy_erasure.state refunds_case.ask refunds_case.state refunds_case.reason
        refunds_case.service_class refunds_claim.claim refunds_claim.proof refunds_claim.source
        refunds_event.actor_kind refunds_event.kind refunds_incident.scope refunds_incident.scope_value
        refunds_incident_event.kind support_attachment.media_type support_attachment.refused
        support_conversation.language support_conversation.origin support_conversation.waiting_for
        support_inbound.kind support_inbound.source support_message.author_kind support_message.channel
        support_message.proof""",
    "numbers and words of the policy, by which a decision explains itself": """
        orders_order.terms refunds_case.arithmetic refunds_case.clause refunds_case.credits refunds_case.decision
        refunds_case.described refunds_case.due_skipped refunds_case.facts""",
    "chance, a hash or a number of ours; no words go into it": """
        account_emailconfirmation.key accounts_api_key.digest accounts_api_key.prefix accounts_one_time_link.digest
        accounts_user.password api_recent_add.fingerprint credits_account.chain_head credits_checkpoint.chain_head
        credits_transfer.hash credits_transfer.business_key credits_transfer.actor credits_idempotency.request_hash
        deposits_deposit.reference django_session.session_key orders_file.sha256 support_attachment.sha256
        support_inbound.digest orders_order.lease_owner""",
    "a code of at most 60 characters, by a constraint; see test_no_words_of_people_get_into_the_chain_of_the_ledger": """
        credits_transfer.reason""",
    "answers that name orders, and codes of refusals": "credits_idempotency.answer orders_batch.results",
    "what the proof of the ledger found: accounts and amounts": "credits_proof.differences",
    "numbers of a delivery partner": "fulfilment_attempt.remote_id fulfilment_callback.webhook_id",
    "addresses of our own pages that staff looked at": "accounts_audit.facts",
    "an IP address for one minute, tied to nobody": "api_address_window.address",
    "packed, so that no search finds it; the test counts the customer's sessions": "django_session.session_data",
    "staff's settings and words, about nobody in particular": """
        auth_group.name auth_permission.codename auth_permission.name catalogue_category.name
        catalogue_category.name_vi catalogue_service.category catalogue_service.code catalogue_service.delivery
        catalogue_service.gets_en catalogue_service.gets_vi catalogue_service.link_kinds catalogue_service.name_en
        catalogue_service.name_vi catalogue_service.needs_en catalogue_service.needs_vi catalogue_service.overlap
        catalogue_service.platform catalogue_service.service_class catalogue_service.stop_rule catalogue_service.type
        catalogue_service.unit_en catalogue_service.unit_vi catalogue_service_version.terms
        catalogue_service_version.texts django_content_type.app_label django_content_type.model
        django_migrations.app django_migrations.name fulfilment_offer.remote_service fulfilment_offer.service_code
        fulfilment_provider.adapter fulfilment_provider.api_key fulfilment_provider.base_url fulfilment_provider.code
        fulfilment_provider.currency fulfilment_provider.previous_secret fulfilment_provider.secret
        fulfilment_provider.services fulfilment_worker.counts fulfilment_worker.host fulfilment_worker.name
        policy_calendar.calendar policy_calendar.days policy_calendar.digest policy_calendar.why
        policy_version.compiled policy_version.digest policy_version.policy_id policy_version.source
        policy_version.version policy_version.why refunds_incident.title_en refunds_incident.title_vi
        refunds_incident_event.text_en refunds_incident_event.text_vi support_mailbox.error support_mailbox.name
        support_saved_reply.body_en support_saved_reply.body_vi support_saved_reply.title""",
}
NO_WORDS = {column: reason for reason, columns in _REASONS.items() for column in columns.split()}
"""Columns that hold no words of or about a customer, and why not."""


def columns_of(owner: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Table, name and type of every column that can hold words."""
    return owner.execute(
        "SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name) WHERE c.table_schema = 'public'"
        " AND t.table_type = 'BASE TABLE'"
        " AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY') ORDER BY 1, 2"
    ).fetchall()


def unwritten(addresses: Addresses, found: list[str]) -> list[str]:
    """Columns in which the canary does not stand although nothing says why."""
    with psycopg.connect(addresses.owner, autocommit=True) as owner:
        every = [f"{table}.{column}" for table, column, _kind in columns_of(owner)]
    assert [name for name in NO_WORDS if name not in every] == [], "an exemption of a column that is not there"
    return [name for name in every if name not in found and name not in NO_WORDS]


def found_in(addresses: Addresses) -> list[str]:
    """Every column of every table in which these words stand, in any spelling, texts, JSON and bytes alike."""
    found = []
    with psycopg.connect(addresses.owner, autocommit=True) as owner:
        for table, column, kind in columns_of(owner):
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            row = owner.execute(f'SELECT count(*) FROM "{table}" WHERE {text} ILIKE %s', [f"%{CANARY}%"]).fetchone()
            if row and row[0]:
                found.append(f"{table}.{column}")
    return found
