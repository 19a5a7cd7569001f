"""All tables, in one place, portable between SQLite and PostgreSQL; times are int64 microseconds since 1970.

Migrations in `store/migrations/versions` bring a database here; a test compares the two.
"""

from leitstand.store.tables import metadata as metadata
from leitstand.store.tables.configuration import configuration as configuration
from leitstand.store.tables.configuration import configuration_version as configuration_version
from leitstand.store.tables.configuration import credential as credential
from leitstand.store.tables.configuration import secret as secret
from leitstand.store.tables.configuration import session as session
from leitstand.store.tables.configuration import virtual_key as virtual_key
from leitstand.store.tables.incidents import heartbeat as heartbeat
from leitstand.store.tables.incidents import incident as incident
from leitstand.store.tables.incidents import incident_entry as incident_entry
from leitstand.store.tables.incidents import incident_task as incident_task
from leitstand.store.tables.incidents import post_mortem as post_mortem
from leitstand.store.tables.incidents import runbook_note as runbook_note
from leitstand.store.tables.jobs import job as job
from leitstand.store.tables.jobs import job_run as job_run
from leitstand.store.tables.jobs import job_step as job_step
from leitstand.store.tables.jobs import job_worker as job_worker
from leitstand.store.tables.journal import journal as journal
from leitstand.store.tables.journal import journal_checkpoint as journal_checkpoint
from leitstand.store.tables.journal import journal_cut as journal_cut
from leitstand.store.tables.journal import journal_spool as journal_spool
from leitstand.store.tables.money import exchange_rate as exchange_rate
from leitstand.store.tables.money import invoice_check as invoice_check
from leitstand.store.tables.money import price_list as price_list
from leitstand.store.tables.money import price_snapshot as price_snapshot
from leitstand.store.tables.money import unusual_usage as unusual_usage
from leitstand.store.tables.money import usage_hour as usage_hour
from leitstand.store.tables.money import usage_mark as usage_mark
from leitstand.store.tables.money import usage_review as usage_review
from leitstand.store.tables.money import what_if as what_if
from leitstand.store.tables.monitoring import alert as alert
from leitstand.store.tables.monitoring import alert_notice as alert_notice
from leitstand.store.tables.monitoring import alert_silence as alert_silence
from leitstand.store.tables.monitoring import metric_gauge as metric_gauge
from leitstand.store.tables.monitoring import metric_mark as metric_mark
from leitstand.store.tables.monitoring import metric_minute as metric_minute
from leitstand.store.tables.monitoring import provider_minute as provider_minute
from leitstand.store.tables.monitoring import refusal_minute as refusal_minute
from leitstand.store.tables.privacy import leak_finding as leak_finding
from leitstand.store.tables.privacy import leak_sample as leak_sample
from leitstand.store.tables.privacy import privacy_entry as privacy_entry
from leitstand.store.tables.privacy import privacy_scope as privacy_scope
from leitstand.store.tables.texts import conversation as conversation
from leitstand.store.tables.texts import conversation_message as conversation_message
from leitstand.store.tables.texts import kept_response as kept_response
from leitstand.store.tables.texts import regression_set as regression_set
from leitstand.store.tables.texts import trial as trial
from leitstand.store.tables.texts import trial_answer as trial_answer
from leitstand.store.tables.texts import trial_vote as trial_vote
