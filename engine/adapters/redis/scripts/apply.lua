-- Follow what the ledger has committed for one account, once. Answers '' or what the caller has to know.
-- KEYS image, generation, mark, prefix of the sorted sets
-- ARGV account, epoch, scopes that the caller thinks are counted, changes, how long the mark lives (s)
local image, rolls = KEYS[1], KEYS[4]
if redis.call('EXISTS', KEYS[3]) == 1 then return {''} end
local have = redis.call('HMGET', image, 'g', 'e', 'k')
if not have[1] or have[1] ~= redis.call('GET', KEYS[2]) then return {'behind'} end
if tonumber(have[2]) < tonumber(ARGV[2]) then return {'behind'} end
if have[2] == ARGV[2] then
  if have[3] ~= ARGV[3] then return {'known', have[3]} end
  for _, change in ipairs(cjson.decode(ARGV[4])) do
    local available, authorization, left, moves = change[1], change[2], change[3], change[4]
    redis.call('HINCRBY', image, 'a', available)
    move(image, rolls, moves)
    if authorization ~= '' then
      if left == '0' then
        redis.call('HDEL', image, 'x:' .. authorization)
      else
        redis.call('HSET', image, 'x:' .. authorization, left)
      end
    end
  end
end
redis.call('SET', KEYS[3], '', 'EX', ARGV[5])
redis.call('PUBLISH', image, '')
return {''}
