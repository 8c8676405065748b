-- Many decisions, judged and committed in one statement, which is one round trip and one commit.
-- It settles what is plain. 'again' are those that need a closer look, one after the other: an account that somebody
-- else has locked, a key or an id that is there twice in this batch, funds that do not cover all of an account's.
WITH asked AS MATERIALIZED (
  SELECT *
  FROM unnest(
    CAST(:key AS text[]), CAST(:fingerprint AS bytea[]), CAST(:response AS text[]), CAST(:ref AS text[]),
    CAST(:owner AS text[]), CAST(:view AS bigint[]), CAST(:epoch AS bigint[]), CAST(:hold_usdc6 AS bigint[]),
    CAST(:postings AS text[]), CAST(:network AS text[]), CAST(:cents AS bigint[]), CAST(:counted_at_ns AS bigint[]),
    CAST(:expires_at_ns AS bigint[]), CAST(:card_id AS text[]), CAST(:mcc AS text[]), CAST(:counter_id AS text[]),
    CAST(:mandate_id AS text[])
  ) WITH ORDINALITY AS asked (
    key, fingerprint, response, ref, owner, view, epoch, hold_usdc6, postings, network, cents, counted_at_ns,
    expires_at_ns, card_id, mcc, counter_id, mandate_id, place
  )
), locked AS MATERIALIZED (
  SELECT account_id, view, epoch, available_usdc6
  FROM accounts
  WHERE account_id = ANY (CAST(:owners AS text[]))
  ORDER BY account_id
  FOR NO KEY UPDATE SKIP LOCKED
), keys AS MATERIALIZED (
  SELECT key FROM answers WHERE key = ANY (CAST(:key AS text[]))
), refs AS MATERIALIZED (
  SELECT authorization_id FROM authorizations WHERE authorization_id = ANY (CAST(:ref AS text[]))
), judged AS MATERIALIZED (
  SELECT asked.*, CASE
    WHEN asked.key IN (SELECT key FROM keys) THEN 'answered'
    WHEN row_number() OVER (PARTITION BY asked.key ORDER BY place) > 1
      OR row_number() OVER (PARTITION BY asked.ref ORDER BY place) > 1
      OR (asked.owner <> '' AND locked.account_id IS NULL) THEN 'again'
    WHEN asked.owner <> '' AND asked.view <> locked.view THEN 'outdated'
    WHEN asked.epoch <> 0 AND asked.epoch <> locked.epoch THEN 'stale'
    WHEN asked.ref IN (SELECT authorization_id FROM refs) THEN 'exists'
    WHEN asked.hold_usdc6 > 0
      AND sum(asked.hold_usdc6) OVER (PARTITION BY asked.owner ORDER BY place) > locked.available_usdc6 THEN 'again'
    ELSE 'done' END AS outcome
  FROM asked LEFT JOIN locked ON locked.account_id = asked.owner
), moved AS (
  UPDATE accounts
  SET available_usdc6 = available_usdc6 - held.usdc6, held_usdc6 = held_usdc6 + held.usdc6
  FROM (
    SELECT owner, sum(hold_usdc6) AS usdc6 FROM judged WHERE outcome = 'done' AND hold_usdc6 > 0 GROUP BY owner
  ) AS held
  WHERE account_id = held.owner
), entered AS (
  INSERT INTO entries (kind, ref, account_id, at_ns, amount_usdc6, receivable_usdc6, postings)
  SELECT 'hold', ref, owner, counted_at_ns, hold_usdc6, 0, CAST(postings AS jsonb)
  FROM judged WHERE outcome = 'done' AND hold_usdc6 > 0 ORDER BY place
), authorized AS (
  INSERT INTO authorizations (
    authorization_id, account_id, network, authorized_cents, held_cents, captured_cents, status, counted_at_ns,
    expires_at_ns, card_id, mcc, released_cents, expired_cents, refunded_cents, counter_id, mandate_id
  )
  SELECT
    ref, owner, network, cents, cents, 0, 'open', counted_at_ns, expires_at_ns, card_id, mcc, 0, 0, 0, counter_id,
    mandate_id
  FROM judged WHERE outcome = 'done' AND hold_usdc6 > 0 ORDER BY place
), answered AS (
  INSERT INTO answers (key, fingerprint, response)
  SELECT key, fingerprint, CAST(response AS jsonb)
  FROM judged WHERE outcome = 'done' ORDER BY place
)
SELECT outcome FROM judged ORDER BY place
