"""The thirty failures of other gateways, what Leitstand does instead, and the tests that prove it.

`docs/peer-failures.md` is made of this table; `test_peers_document.py` keeps both true.
"""

from dataclasses import dataclass

HERE = "tests/spine/peers"
BUDGETS, STREAMS = f"{HERE}/test_peers_budgets.py", f"{HERE}/test_peers_streams.py"
TENANTS, OUTAGES = f"{HERE}/test_peers_tenants.py", f"{HERE}/test_peers_outages.py"
GROWTH, ATTACKS = f"{HERE}/test_peers_growth.py", f"{HERE}/test_peers_attacks.py"
FAULTS = "tests/spine/test_faults.py"


@dataclass(frozen=True)
class Failure:
    """One row. proofs: `file::test`; missing: what is not proven or not so yet, empty where nothing is."""

    number: int
    failure: str
    answer: str
    proofs: tuple[str, ...]
    missing: str = ""


FAILURES = (
    Failure(
        1, "Memory grows with every request until the process is killed.",
        "Every cache, queue and log in memory has a bound.",
        (f"{GROWTH}::test_peer_01_memory_settles_under_mixed_load",
         f"{GROWTH}::test_peer_01_memory_does_not_grow_in_a_soak"),
        "The default run has the short form; the soak runs with `pytest -m long`.",
    ),
    Failure(
        2, "The retention job reads old rows into memory, is killed, and nothing is ever deleted.",
        "The database deletes, some hundred rows a transaction, so that others write in between.",
        (f"{GROWTH}::test_peer_02_a_purge_holds_neither_rows_in_memory_nor_the_database",
         f"{GROWTH}::test_peer_02_two_million_rows_are_purged_within_their_memory",
         "tests/journal/test_journal_purge.py::test_many_records_go_in_batches_that_each_stand_alone",
         "tests/journal/test_journal_purge.py::test_the_writer_goes_on_while_records_are_purged"),
        "The default run has the short form. The journal's own two million: `bench/purge.py`.",
    ),
    Failure(
        3, "Deadlocks when many writers add to the same sums in the database.",
        "Sums are no rows of the request path: limits are counted in one place, and writers of the journal take turns.",
        ("tests/accounting/test_counters_crash.py::test_four_processes_never_pass_a_limit_and_leave_exactly_what_they_settled",
         "tests/journal/test_writer.py::test_competing_writers_in_threads_leave_one_whole_chain",
         "tests/journal/test_writer.py::test_threads_may_drain_one_writer_together",
         "tests/journal/test_journal_on_postgresql.py::test_two_machines_write_one_chain"),
    ),
    Failure(
        4, "A burst takes all connections to the database.",
        "No request asks the database: rules are in memory, records go to the spool.",
        (f"{OUTAGES}::test_peer_04_a_burst_asks_the_database_for_nothing",
         "tests/spine/test_database_outage.py::test_requests_go_on_while_the_database_is_killed_and_started"),
        "The burst is shown on the embedded store; PostgreSQL's bound on connections against `max_connections` is not "
        "checked at the start.",
    ),
    Failure(
        5, "The database fails: requests would go on, but readiness says 503, or memory fills up.",
        "Readiness stays 200 and says `degraded`; when not even memory can keep a record, requests are `overloaded` "
        "before any provider is asked, and readiness says 503 `full`.",
        (f"{OUTAGES}::test_peer_05_with_the_database_gone_requests_go_on_and_readiness_says_degraded",
         f"{OUTAGES}::test_peer_05_what_cannot_be_recorded_is_not_asked",
         "tests/spine/test_database_outage.py::test_requests_go_on_while_the_database_is_killed_and_started"),
        "An alert to people waits for the monitoring room.",
    ),
    Failure(
        6, "Started before its database, the gateway calls good keys wrong until it is restarted.",
        "It serves what was last known, waits for a file that is held, or ends with an error; it never serves without "
        "its keys.",
        (f"{OUTAGES}::test_peer_06_a_start_with_the_database_held_waits_and_never_calls_a_good_key_wrong",
         "tests/spine/test_database_outage.py::test_a_start_without_the_database_serves_what_was_last_known",
         "tests/spine/test_database_outage.py::test_a_first_start_without_the_database_says_so"),
    ),
    Failure(
        7, "The shared cache server freezes, and with it every request.",
        "One machine needs no such server: limits are counted in a mapped file. Several machines share one; when it "
        "falls silent, one call waits for a moment and each machine stays within its share until it answers again.",
        (f"{OUTAGES}::test_peer_07_a_frozen_counter_store_holds_nobody_up",
         "tests/accounting/test_counters_valkey.py::test_a_frozen_valkey_costs_one_short_wait_and_each_machine_stays_in_its_share",
         "tests/accounting/test_counters_valkey.py::test_a_killed_valkey_that_kept_its_file_knows_all_again"),
    ),
    Failure(
        8, "Parallel requests all pass the check of one budget.",
        "Money is held before the call.",
        (f"{BUDGETS}::test_peer_08_parallel_requests_never_overshoot_a_budget",
         "tests/accounting/test_ledger_parallel.py::test_sixty_calls_on_a_euro_budget_for_three_reach_the_model_three_times"),
    ),
    Failure(
        9, "Reservations of abandoned calls stay, and a budget refuses although it is hardly used.",
        "A hold is settled or given back exactly once, whatever ends the call; those of killed processes are found.",
        (f"{BUDGETS}::test_peer_09_calls_left_at_any_moment_leave_no_reservation_behind",
         "tests/accounting/test_counters_crash.py::test_the_holds_of_a_killed_process_are_booked_and_told_once"),
    ),
    Failure(
        10, "Each process counts for itself, so that n of them allow n times the limit.",
        "All processes of a machine count in one place, and machines in a shared one.",
        (f"{BUDGETS}::test_peer_10_three_processes_hold_one_limit_together",
         "tests/accounting/test_counters_valkey.py::test_no_limit_is_passed_by_four_processes_and_nothing_stays_held",
         "tests/spine/test_several_processes.py::test_two_workers_hold_a_limit_together_and_share_one_journal"),
    ),
    Failure(
        11, "Another address of the API goes around the budget.",
        "Every address of `/v1` takes the same way; a new one without its question fails a test.",
        ("tests/spine/test_tasks_end_to_end.py::test_every_address_refuses_a_key_whose_budget_is_used_up",
         "tests/spine/test_tasks_end_to_end.py::test_the_questions_below_are_those_of_all_addresses"),
    ),
    Failure(
        12, "A limit is accepted, and then not stored or not enforced.",
        "Each measure of each scope is stored, shown, enforced and removable.",
        (f"{BUDGETS}::test_peer_12_every_limit_that_is_accepted_is_stored_and_enforced",),
    ),
    Failure(
        13, "Who leaves a stream is not billed, while the provider bills.",
        "The stream is read to its end for its usage, else estimated and marked so.",
        (f"{BUDGETS}::test_peer_13_a_stream_that_its_reader_leaves_is_booked",
         "tests/gateway/test_tally.py::test_without_a_figure_ours_is_booked_and_marked"),
    ),
    Failure(
        14, "The same with a plain answer.",
        "It is booked as well.",
        (f"{BUDGETS}::test_peer_14_a_plain_answer_that_nobody_waits_for_is_booked",),
    ),
    Failure(
        15, "Tenants share one stored answer.",
        "The scope of permission is part of the key's type; a key without one cannot be written.",
        (f"{TENANTS}::test_peer_15_tenants_share_no_stored_answer",
         "tests/gateway/test_cache.py::test_a_key_cannot_be_made_without_a_scope",
         "tests/spine/test_semantic_cache.py::test_scopes_do_not_share"),
    ),
    Failure(
        16, "Under load an answer reaches somebody else.",
        "A connection to a provider is free again only when its answer is read to the end.",
        (f"{TENANTS}::test_peer_16_every_answer_returns_to_its_sender",
         f"{TENANTS}::test_peer_16_a_hundred_thousand_answers_return_to_their_senders"),
        "The default run has the short form, 3,000 requests; `pytest -m long` has the full one.",
    ),
    Failure(
        17, "The key of the cache leaves fields out; the fallback's answer is stored under the first target.",
        "The key is a digest of the whole request; an answer is stored with who gave it.",
        (f"{TENANTS}::test_peer_17_every_field_of_a_request_is_part_of_its_key",
         f"{TENANTS}::test_peer_17_a_stored_answer_names_who_really_gave_it",
         "tests/spine/test_cache_end_to_end.py::test_any_other_field_makes_another_question"),
    ),
    Failure(
        18, "The cache never hits, for its key depends on the order of fields.",
        "The digest is made of a deterministic form.",
        ("tests/spine/test_cache_end_to_end.py::test_the_order_of_keys_in_a_request_does_not_matter",),
    ),
    Failure(
        19, "A cut stream ends as if it were whole.",
        "One error event and no end; or the answer is continued, where the model is set so.",
        (f"{STREAMS}::test_peer_19_a_cut_stream_never_ends_as_if_it_were_whole",
         "tests/spine/test_rescues.py::test_a_cut_stream_is_continued_in_one_piece"),
    ),
    Failure(
        20, "After a stall or a garbled event no other target is tried.",
        "Before the first token the next target answers, after it there is one clear error in time.",
        (f"{STREAMS}::test_peer_20_whatever_fails_before_the_first_token_is_answered_by_the_next_target",
         f"{STREAMS}::test_peer_20_a_stall_after_the_first_token_is_one_clear_error",
         f"{FAULTS}::test_client_hears_one_answer_or_one_clear_error"),
    ),
    Failure(
        21, "A silent provider holds requests for two minutes.",
        "The wait for connection and first token is bounded; then the next target is asked.",
        (f"{STREAMS}::test_peer_21_a_silent_provider_costs_its_patience_and_no_more",
         f"{FAULTS}::test_no_case_takes_longer_than_its_patience"),
    ),
    Failure(
        22, "A fallback opens a second answer inside the first, or an error comes after a 200.",
        "Nothing is sent before the first content, so until then another target answers or a plain status tells why not.",
        (f"{STREAMS}::test_peer_22_a_fallback_opens_the_answer_once",),
    ),
    Failure(
        23, "A call that is asked again repeats its text.",
        "After the first content nobody is asked again, unless the model is set to continue; repetitions are cut then.",
        (f"{STREAMS}::test_peer_23_nothing_is_asked_again_once_text_was_sent",
         "tests/gateway/test_continuation.py::test_an_exact_repetition_of_the_end_is_cut"),
    ),
    Failure(
        24, "Placeholders are not restored, restored from another request's map, or only when the stream is over.",
        "Each request has its own map; a stream holds back the few characters that may be a placeholder.",
        (f"{TENANTS}::test_peer_24_equal_placeholders_of_parallel_requests_stay_apart",
         f"{TENANTS}::test_peer_24_restoring_does_not_wait_for_the_end",
         "tests/spine/test_wire_privacy.py::test_placeholders_are_restored_wherever_the_stream_cuts_them",
         "tests/spine/test_wire_privacy.py::test_tool_arguments_come_back_as_json_with_the_originals"),
    ),
    Failure(
        25, "The log page is slow on a long journal, and opening it stops the gateway.",
        "Figures are grouped by the database over an index; requests do not wait for pages.",
        (f"{GROWTH}::test_peer_25_pages_stay_quick_on_a_long_journal",
         f"{GROWTH}::test_peer_25_pages_stay_quick_on_three_million_rows",
         f"{GROWTH}::test_peer_25_pages_in_a_row_do_not_hold_up_requests"),
        "Measured at three million requests a year; `bench/scale.py` measures four times that density.",
    ),
    Failure(
        26, "Side tables that nobody thought of fill the disk.",
        "Every table has a rule that bounds it; one without fails a test.",
        ("tests/store/test_retention.py::test_each_table_has_a_rule",
         "tests/store/test_retention.py::test_each_setting_has_an_effect"),
        "Where the configuration sets no days, journal, conversations and trials are kept for ever.",
    ),
    Failure(
        27, "Injected SQL and templates, forged Host headers.",
        "Values are bound, never put into statements; templates are files; no check reads the Host header.",
        (f"{ATTACKS}::test_peer_27_words_of_attackers_are_words",
         f"{ATTACKS}::test_peer_27_the_host_header_opens_nothing",
         f"{ATTACKS}::test_peer_27_no_sql_is_made_of_parts"),
        "The collision of sign-in tokens waits for single sign-on.",
    ),
    Failure(
        28, "A poisoned release steals keys.",
        "Every dependency is pinned by version and hash, and a start calls nobody.",
        (f"{ATTACKS}::test_peer_28_every_release_is_pinned_by_its_hash",
         f"{ATTACKS}::test_peer_28_a_start_calls_nobody"),
        "There is no bill of materials yet.",
    ),
    Failure(
        29, "Tokens are counted when a stream ends, so any number may begin on the last one.",
        "They are held when it begins.",
        (f"{BUDGETS}::test_peer_29_tokens_are_reserved_before_the_stream_and_not_counted_after_it",),
    ),
    Failure(
        30, "An empty account is retried like a rate limit.",
        "It is asked once and rests at once; the others answer.",
        (f"{STREAMS}::test_peer_30_an_empty_account_is_no_rate_limit",
         "tests/gateway/test_health.py::test_what_waiting_does_not_mend_rests_at_once"),
        "An alert to people waits for the monitoring room.",
    ),
)  # fmt: skip


def document() -> str:
    """The page."""
    rows = [
        f"| {row.number} | {row.failure} | {row.answer} | {'<br>'.join(map(_link, row.proofs))} | {row.missing} |"
        for row in FAILURES
    ]
    return "\n".join([_HEAD, *rows, ""])


def _link(proof: str) -> str:
    file, _, test = proof.partition("::")
    return f"[`{test}`](../{file})"


_HEAD = """# Thirty failures of other gateways

Each of these has happened to users of another gateway. The table says what Leitstand does instead, which test proves
it against real servers, and what is not proven yet. It is made of `tests/spine/peers/peer_table.py`
(`LEITSTAND_WRITE_DOCS=1` writes it anew), and a test keeps it true.

`pytest tests/spine/peers` runs all but the long forms; those run with `pytest -m long tests/spine/peers` (the soak
takes an hour, or `LEITSTAND_SOAK_S` seconds).

| # | failure | what Leitstand does | proof | not proven, or not so yet |
|---|---|---|---|---|"""
