-- What the scripts share. An image is one hash:
--   g generation, e epoch, a available, k the scopes that are counted, w how many those are, n and h when windows were
--   last forgotten and up to which instant, x:<authorization> what is left of a hold,
--   <i>:<kind>:<number> cents and <i>#<kind>:<number> transactions in a window of scope i, <i>:life its lifetime,
--   R<i>c<instant> cents and R<i>n<instant> transactions at an instant, z<i> how many such instants there are.
-- The instants of a scope, in order, are a sorted set of their own. They are 19 digits, since nanoseconds exceed what a
-- number of Lua holds; sums of money do not.

local function move(image, rolls, moves, cents)
  for _, one in ipairs(moves) do
    if #one < 3 then
      redis.call('HINCRBY', image, one[1], one[2] or cents)
    else
      local i, at = one[1], one[2]
      local sum = redis.call('HINCRBY', image, 'R' .. i .. 'c' .. at, one[3])
      local count = redis.call('HINCRBY', image, 'R' .. i .. 'n' .. at, one[4])
      if sum == 0 and count == 0 then
        redis.call('HDEL', image, 'R' .. i .. 'c' .. at, 'R' .. i .. 'n' .. at)
        if redis.call('ZREM', rolls .. i, at) == 1 then redis.call('HINCRBY', image, 'z' .. i, -1) end
      elseif redis.call('ZADD', rolls .. i, 0, at) == 1 then
        redis.call('HINCRBY', image, 'z' .. i, 1)
      end
    end
  end
end

-- Forget the windows that no decision can need any more: once a day of decisions, and never what is newer than before.
local function forget(image, rolls, at, horizon, floors, rolled)
  redis.call('HSET', image, 'n', at)
  local before = redis.call('HGET', image, 'h')
  if before and horizon <= before then return end
  redis.call('HSET', image, 'h', horizon)
  for _, field in ipairs(redis.call('HKEYS', image)) do
    local i, kind, number = string.match(field, '^(%d+)[:#](%w+):(%-?%d+)$')
    local floor = i and floors[i .. ':' .. kind]
    if floor and tonumber(number) < floor then redis.call('HDEL', image, field) end
  end
  for i, bound in pairs(rolled) do
    for _, instant in ipairs(redis.call('ZRANGEBYLEX', rolls .. i, '-', '[' .. bound)) do
      redis.call('HDEL', image, 'R' .. i .. 'c' .. instant, 'R' .. i .. 'n' .. instant)
      redis.call('ZREM', rolls .. i, instant)
      redis.call('HINCRBY', image, 'z' .. i, -1)
    end
  end
end
