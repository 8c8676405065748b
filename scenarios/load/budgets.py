"""What a load run is judged by: figures of its report, and the most that each may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scenarios.load.profiles import DEADLINES_MS
from scenarios.problems import BadInput, did_you_mean

NAMES: dict[str, str] = {
    "p50": "latency.authorize.p50_ms",
    "p90": "latency.authorize.p90_ms",
    "p95": "latency.authorize.p95_ms",
    "p99": "latency.authorize.p99_ms",
    "p999": "latency.authorize.p999_ms",
    "max": "latency.authorize.max_ms",
    "errors": "load.error_share",
    "misses": "load.deadline_miss_share",
    "shed": "load.shed_share",
    "lag": "load.generator.lag_p99_ms",
    "unsent": "load.generator.unsent_share",
}
"""Short names of figures: milliseconds, or shares of all arrivals that were sent (of all there were, for unsent)."""
LAG_MS = 25.0
UNSENT_SHARE = ERROR_SHARE = MISS_SHARE = 0.001
SHED_SHARE = 0.01


def budgets(profile: str, given: Sequence[str]) -> dict[str, float]:
    """By path into the report: the defaults of a profile, changed by ``name=value`` words. Raises BadInput."""
    deadline_ms = DEADLINES_MS[profile]
    found = {
        NAMES["p50"]: deadline_ms / 10,
        NAMES["p99"]: deadline_ms / 2,
        NAMES["p999"]: float(deadline_ms),
        NAMES["errors"]: ERROR_SHARE,
        NAMES["misses"]: MISS_SHARE,
        NAMES["shed"]: SHED_SHARE,
        NAMES["lag"]: LAG_MS,
        NAMES["unsent"]: UNSENT_SHARE,
    }
    return found | dict(_read(word) for word in given)


def _read(word: str) -> tuple[str, float]:
    name, equals, value = (part.strip() for part in word.partition("="))
    if not equals:
        raise BadInput(f"--budget {word}: write name=value, as in p99=250")
    path = NAMES.get(name, name if "." in name else "")
    if not path:
        raise BadInput(f"--budget {word}: there is no figure {name!r}; {did_you_mean(name, NAMES)}")
    try:
        most = float(value)
    except ValueError:
        most = math.nan
    if not (math.isfinite(most) and most >= 0):
        raise BadInput(f"--budget {word}: {value!r} is no number of 0 or more")
    return path, most
