#!/usr/bin/env bash
# What CI runs: a suite, the conformance suite on the service, a short load with budgets, a comparison with a baseline.
# Everything it writes is under $ARTIFACTS; it ends with the first code that is not 0.
set -uo pipefail
SWIPELAB="${SWIPELAB:-.venv/bin/swipelab}"
ARTIFACTS="${ARTIFACTS:-artifacts}"
PORT="${PORT:-8190}"
GLOB="${GLOB:-limits_*}"
RATE="${RATE:-50}"
DURATION="${DURATION:-10}"
BUDGETS="${BUDGETS:---budget p99=1000 --budget errors=0.001 --budget lag=250}"
BASELINE="${BASELINE:-ci/baseline}"
TOLERANCE="${TOLERANCE:-50}"
url="http://127.0.0.1:$PORT"
code=0
mkdir -p "$ARTIFACTS"

step() {
  echo "--- $*"
  "$@" || { local failed=$?; [ "$code" = 0 ] && code=$failed; }
}

"$SWIPELAB" serve --port "$PORT" >"$ARTIFACTS/serve.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null' EXIT
for _ in $(seq 120); do
  curl -fs "$url/readyz" >/dev/null && break
  kill -0 "$server" 2>/dev/null || { cat "$ARTIFACTS/serve.log"; exit 3; }
  sleep 0.5
done

step "$SWIPELAB" suite "$GLOB" --out "$ARTIFACTS/suite"
step "$SWIPELAB" conform --engine "$url" --only idempotency
# shellcheck disable=SC2086  # several options in one variable
step "$SWIPELAB" load --url "$url" --rate "$RATE" --duration "$DURATION" --seed 1 $BUDGETS --out "$ARTIFACTS/load"
if [ -f "$BASELINE/report.json" ]; then
  step "$SWIPELAB" compare "$BASELINE" "$ARTIFACTS/load" --tolerance "$TOLERANCE"
else
  echo "no baseline in $BASELINE: keep $ARTIFACTS/load/report.json of a good run there"
fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  find "$ARTIFACTS" -name summary.md -exec cat {} + >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
