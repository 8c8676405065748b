"""The naive engine fails where it is wrong, row by row, and passes where it is right."""

from __future__ import annotations

from scenarios.conformance.registry import all_cases
from scenarios.conformance.subject import subject_of
from scenarios.conformance.trial import Result, judge

WRONG = {
    "Approvals": "a_fraction_of_a_cent_does_not_buy_a_cent",
    "Accounts": "a_card_is_good_until_the_instant_of_its_expiry",
    "Ladder of declines": "the_ladder_answers_the_highest_reason_that_holds",
    "Limits": "a_window_may_be_filled_to_its_limit",
    "Calendar": "days_begin_at_midnight_utc_and_months_on_the_first",
    "Idempotency": "a_repeat_gets_the_first_answer_and_does_nothing",
    "Races": "many_swipes_at_once_never_spend_the_same_money",
    "Partial approval": "what_there_is_is_granted_where_less_is_welcome",
    "Reversals": "a_hold_is_never_released_twice",
    "Refunds": "a_refund_posts_once",
    "Expiry": "a_hold_ends_at_its_expiry_and_not_before",
    "Captures": "a_presentment_posts_once_however_often_it_comes",
    "Deposits": "a_deposit_is_credited_once",
    "Withdrawals": "money_on_its_way_out_cannot_be_spent",
    "Settlement": "an_unknown_outcome_never_burns_twice_and_never_forgets",
    "Statement": "the_statement_has_one_line_for_everything_that_moved_money",
}
"""One rule of each row that the tutorial design breaks, and is known to break: see scenarios/engines/naive.py."""

RIGHT = {
    "Approvals": "all_that_is_available_can_be_spent_and_not_a_cent_more",
    "Limits": "the_limit_per_transaction_is_still_allowed",
    "Reversals": "a_reversal_of_what_was_declined_frees_nothing",
    "Captures": "a_final_capture_takes_the_true_amount",
    "Settlement": "captures_are_netted_per_account_and_burned_once",
    "Errors": "strangers_are_refused",
}
"""Rules that it keeps, at least with some of the values."""


def results() -> dict[str, set[Result]]:
    naive = subject_of("naive")
    found: dict[str, set[Result]] = {}
    for case in all_cases():
        found.setdefault(case.family, set()).add(judge(case, naive).result)
    return found


def test_the_naive_engine_fails_in_the_right_rows() -> None:
    found = results()
    assert {rule for rule in WRONG.values() if Result.FAIL not in found[rule]} == set()
    assert {rule for rule in RIGHT.values() if Result.PASS not in found[rule]} == set()


def test_every_rule_named_here_is_in_the_row_that_it_is_named_for() -> None:
    row_of = {case.family: case.feature for case in all_cases()}
    for named in (WRONG, RIGHT):
        assert {rule: row_of[rule] for rule in named.values()} == {rule: row for row, rule in named.items()}
