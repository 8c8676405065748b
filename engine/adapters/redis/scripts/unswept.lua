-- The oldest holds that nobody has looked after, as they are now: {authorization, account, left} each.
-- KEYS the list, prefix of images, generation   ARGV placed before (19 digits), at most
local found, place = {}, 0
local generation = redis.call('GET', KEYS[3])
while #found < tonumber(ARGV[2]) do
  local some = redis.call('LRANGE', KEYS[1], place, place + 499)
  if #some == 0 then return found end
  for _, text in ipairs(some) do
    local at, account, authorization = unpack(cjson.decode(text))
    if at >= ARGV[1] or #found == tonumber(ARGV[2]) then return found end
    local have = redis.call('HMGET', KEYS[2] .. account, 'g', 'x:' .. authorization)
    if have[2] and have[1] == generation then table.insert(found, {authorization, account, have[2]}) end
  end
  place = place + #some
end
return found
