-- Claim an idempotency key and read a card with its account.
-- KEYS claim, card, prefix of accounts   ARGV how long a claim lives (s)
if not redis.call('SET', KEYS[1], '', 'NX', 'EX', ARGV[1]) then return {'seen'} end
local card = redis.call('HMGET', KEYS[2], 'view', 'card', 'account')
if not card[1] then return {''} end
local account = redis.call('HMGET', KEYS[3] .. card[3], 'view', 'account')
if not account[1] then return {''} end
local view = card[1]
if tonumber(account[1]) < tonumber(view) then view = account[1] end
return {'', card[2], account[2], view}
