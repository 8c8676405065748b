-- Replace the image of an account, unless one of the same or a later epoch is there.
-- KEYS image, generation, prefix of the sorted sets
-- ARGV account, epoch, available, scopes that are counted, how many, fields, instants by scope, a new generation
local image, rolls = KEYS[1], KEYS[3]
redis.call('SET', KEYS[2], ARGV[8], 'NX')
local generation = redis.call('GET', KEYS[2])
local have = redis.call('HMGET', image, 'g', 'e', 'w')
if have[1] == generation and tonumber(have[2]) >= tonumber(ARGV[2]) then return 0 end
for i = 1, math.max(tonumber(have[3] or '0'), tonumber(ARGV[5])) do redis.call('DEL', rolls .. i) end
redis.call('DEL', image)
redis.call('HSET', image, 'g', generation, 'e', ARGV[2], 'a', ARGV[3], 'k', ARGV[4], 'w', ARGV[5])
local fields = cjson.decode(ARGV[6])
for first = 1, #fields, 2000 do
  redis.call('HSET', image, unpack(fields, first, math.min(first + 1999, #fields)))
end
for i, instants in pairs(cjson.decode(ARGV[7])) do
  for _, instant in ipairs(instants) do redis.call('ZADD', rolls .. i, 0, instant) end
end
redis.call('PUBLISH', image, '')
return 1
