"""How often what happened."""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.interface import (
    RESPONSE_CODES,
    CaptureOutcome,
    DeclineReason,
    DisputeOutcome,
    DisputeState,
    IdempotencyConflict,
    NotSupported,
)
from reports.frames import Events, words
from reports.swipes import ANSWERED, FAILED, TIMED_OUT, Swipes

LISTED_CRASHES = 50


def counts_section(events: Events, swipes: Swipes) -> dict[str, object]:
    """Every swipe ends as exactly one of approved, declined, timed out or error.

    ``stand_in``: swipes that the network had to answer itself, because of a timeout or an error. ``late``: answers
    after the deadline. ``keys_reused``: requests under a key that another one had; ``key_conflicts``: of those, refused
    for it. ``captures``: presentments posted; what was answered otherwise is beside it. The rest of :func:`life` is of
    authorizations that live otherwise than most.
    """
    answered = swipes.ending == ANSWERED
    approved = int(swipes.approved.sum())
    timeouts, errors = int((swipes.ending == TIMED_OUT).sum()), int((swipes.ending == FAILED).sum())
    captures = by_result(events, "capture")
    refunds = by_result(events, "refund")
    reused = by_result(events, "authorize.reused")
    return {
        "swipes": len(swipes),
        "approved": approved,
        "declined": int(answered.sum()) - approved,
        "declines": declines(swipes),
        "timeouts": timeouts,
        "errors": errors,
        "late": sum(by_result(events, "authorize.late").values()),
        "stand_in": timeouts + errors,
        "keys_reused": sum(reused.values()),
        "key_conflicts": reused.get(IdempotencyConflict.__name__, 0),
        "reversals": sum(by_result(events, "reverse").values()),
        "presentments": sum(captures.values())
        + sum(refunds.values())
        + by_result(events, "present").get("unanswered", 0),
        "captures": captures.get(CaptureOutcome.POSTED, 0),
        "capture_duplicates": captures.get(CaptureOutcome.DUPLICATE, 0),
        "captures_unknown_card": captures.get(CaptureOutcome.UNKNOWN_CARD, 0),
        "refunds": refunds.get(CaptureOutcome.POSTED, 0),
        **life(events),
        "expiries": sum(by_result(events, "expire").values()),
        "deposits": by_result(events, "deposit").get("applied", 0),
        "withdrawals": by_result(events, "chain.withdrawal").get("completed", 0),
        "findings": sum(by_result(events, "finding").values()),
        "crashes": sum(by_result(events, "crash").values()),
        "events": events.rows,
    }


def life(events: Events) -> dict[str, object]:
    """What was told besides swipes, reversals and presentments; ``not_supported``: by an engine that does not offer it.

    ``stand_in_approved``: swipes that the network approved itself. ``disputes``: states reached, and how they ended.
    """
    told = {kind: by_result(events, kind) for kind in ("increment", "advise", "inquire", "refund.authorize", "dispute")}
    disputes = events.of("dispute").saying("result", DisputeOutcome.APPLIED).texts("detail")
    ends = Counter(words(detail).get("state") for detail in disputes)
    return {
        "stand_in_approved": by_result(events, "stand_in").get("approved", 0),
        "partial_approvals": by_result(events, "partial").get("approved", 0),
        "increments": sum(told["increment"].values()),
        "increments_approved": told["increment"].get("approved", 0),
        "advices": sum(told["advise"].values()),
        "inquiries": sum(told["inquire"].values()),
        "refunds_asked": sum(told["refund.authorize"].values()),
        "force_posts": sum(by_result(events, "force_post").values()),
        "disputes": sum(told["dispute"].values()),
        "disputes_won": ends[DisputeState.WON],
        "disputes_lost": ends[DisputeState.LOST],
        "card_changes": sum(by_result(events, "card").values()),
        "not_supported": sum(results.get(NotSupported.__name__, 0) for results in told.values()),
    }


def by_result(events: Events, kind: str) -> dict[str, int]:
    """How often each result word occurs among the rows of one kind, by name."""
    codes, names = events.of(kind).words("result")
    counts = zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True)
    return dict(sorted((name, n) for name, n in counts if n))


def declines(swipes: Swipes) -> dict[str, int]:
    """Answers in time that were not approvals, by reason, the most frequent first."""
    codes = swipes.result[(swipes.ending == ANSWERED) & ~swipes.approved]
    found = zip(swipes.results, np.bincount(codes, minlength=len(swipes.results)).tolist(), strict=False)
    return dict(sorted(((name, n) for name, n in found if n), key=lambda item: (-item[1], item[0])))


def decline_rows(reasons: dict[str, int], swipes: int) -> list[dict[str, object]]:
    """The same with each reason's ISO 8583 response code and its share of all swipes."""
    known = {reason.value: RESPONSE_CODES[reason] for reason in DeclineReason}
    return [
        {"reason": reason, "code": known.get(reason, ""), "count": n, "share": round(n / swipes, 6) if swipes else 0.0}
        for reason, n in reasons.items()
    ]


def approved_cents(events: Events) -> int:
    """Card money approved in time."""
    rows = events.of("authorize")
    return total(rows.ints("amount_cents")[rows.are("result", "approved")])


def total(amounts: np.ndarray) -> int:
    """The exact sum, also where 64 bits do not hold it."""
    upper, lower = amounts >> 32, amounts & 0xFFFF_FFFF
    return (int(upper.sum()) << 32) + int(lower.sum())


def faults_section(events: Events) -> dict[str, dict[str, int]]:
    """``{kind: {injected, observed}}``; ``planned`` storms and ``skipped`` ones too, where there were any."""
    rows = events.of("fault")
    section: dict[str, dict[str, int]] = {}
    for kind, result in sorted(zip(rows.texts("ref"), rows.texts("result"), strict=True)):
        section.setdefault(kind, {"injected": 0, "observed": 0})
        section[kind][result] = section[kind].get(result, 0) + 1
    return section


def crashes_section(events: Events) -> list[dict[str, object]]:
    """Where the engine raised what no engine may raise: message, error, place in words, how often, when first."""
    rows = events.of("crash").frame(["at_ns", "ref", "result", "detail"])
    found = rows.groupby(["ref", "result", "detail"], sort=True)["at_ns"].agg(["size", "min"]).reset_index()
    ordered = found.sort_values(["size", "min"], ascending=[False, True], kind="stable").head(LISTED_CRASHES)
    return [
        {"message": ref, "error": error, "detail": detail, "count": int(n), "first_at_ns": int(first_ns)}
        for ref, error, detail, n, first_ns in ordered.itertuples(index=False)
    ]
