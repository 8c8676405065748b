-- The oldest holds that nobody has looked after, as they are now: {authorization, account, left} each; and whether there
-- may be more behind what was looked at. What is a hold no more is dropped from the head of the list.
-- KEYS the list, prefix of images, generation   ARGV placed before (19 digits), at most, look at so many at most
local before, limit, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local generation = redis.call('GET', KEYS[3])
local found, gone, looked, more = {}, 0, 0, 1
while looked < most and more == 1 do
  local some = redis.call('LRANGE', KEYS[1], looked, math.min(looked + 500, most) - 1)
  if #some == 0 then more = 0 end
  for _, text in ipairs(some) do
    local at, account, authorization = unpack(cjson.decode(text))
    if at >= before or #found == limit then
      more = 0
      break
    end
    looked = looked + 1
    local have = redis.call('HMGET', KEYS[2] .. account, 'g', 'x:' .. authorization)
    if have[2] and have[1] == generation then
      table.insert(found, {authorization, account, have[2]})
    elseif #found == 0 then
      gone = gone + 1
    end
  end
end
if gone > 0 then redis.call('LTRIM', KEYS[1], gone, -1) end
return {more, found}
