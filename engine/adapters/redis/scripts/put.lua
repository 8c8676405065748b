-- Keep an account and cards, unless newer views are there.
-- KEYS account, cards...   ARGV view, how long copies live (s), account id, account, cards...
local function newer(key)
  local view = redis.call('HGET', key, 'view')
  return view and tonumber(view) > tonumber(ARGV[1])
end
if not newer(KEYS[1]) then
  redis.call('HSET', KEYS[1], 'view', ARGV[1], 'account', ARGV[4])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
for i = 2, #KEYS do
  if not newer(KEYS[i]) then
    redis.call('HSET', KEYS[i], 'view', ARGV[1], 'card', ARGV[i + 3], 'account', ARGV[3])
    redis.call('EXPIRE', KEYS[i], ARGV[2])
  end
end
