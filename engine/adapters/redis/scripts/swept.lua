-- Drop from the head of the list what has been looked after, or is a hold no more.
-- KEYS the list, prefix of images, generation   ARGV look at so many at most, the authorizations
local done = {}
for place = 2, #ARGV do done[ARGV[place]] = true end
local generation = redis.call('GET', KEYS[3])
for _ = 1, tonumber(ARGV[1]) do
  local text = redis.call('LINDEX', KEYS[1], 0)
  if not text then return end
  local _, account, authorization = unpack(cjson.decode(text))
  local have = redis.call('HMGET', KEYS[2] .. account, 'g', 'x:' .. authorization)
  if have[2] and have[1] == generation and not done[authorization] then return end
  redis.call('LPOP', KEYS[1])
end
