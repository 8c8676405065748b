-- Check funds, then limits, and take both. Answers {epoch, what speaks against it, available}.
-- KEYS image, generation, unswept, wanted, prefix of the sorted sets
-- ARGV authorization, account, usdc6, cents, extends, instant, scopes that the caller thinks are counted, wanted, plan
local image, rolls = KEYS[1], KEYS[5]
local authorization, account, usdc6, cents, extends, at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local function not_loaded()
  if ARGV[8] ~= '' then
    for key, windows in pairs(cjson.decode(ARGV[8])) do redis.call('HSET', KEYS[4], key, windows) end
  end
  return {'0', 'not_loaded', '0'}
end

-- The fullest window of this length that holds the instant: the one that ends with it, unless later ones came first.
local function fullest(i, which, seconds, nanoseconds, low_end, high_end)
  local instants = redis.call('ZRANGEBYLEX', rolls .. i, '(' .. low_end, '(' .. high_end)
  local function value(instant) return tonumber(redis.call('HGET', image, 'R' .. i .. which .. instant) or '0') end
  local function closed(early, late)
    local s = tonumber(string.sub(early, 1, 10)) + seconds
    local n = tonumber(string.sub(early, 11)) + nanoseconds
    if n >= 1e9 then s, n = s + 1, n - 1e9 end
    local s2, n2 = tonumber(string.sub(late, 1, 10)), tonumber(string.sub(late, 11))
    return s < s2 or (s == s2 and n <= n2)
  end
  local sum, last = 0, 0
  while last < #instants and instants[last + 1] <= at do
    last = last + 1
    sum = sum + value(instants[last])
  end
  local most, first = sum, 1
  for index = last + 1, #instants do
    sum = sum + value(instants[index])
    while closed(instants[first], instants[index]) do
      sum = sum - value(instants[first])
      first = first + 1
    end
    if sum > most then most = sum end
  end
  return most
end

local have = redis.call('HMGET', image, 'g', 'e', 'a', 'k', 'n', 'h', 'x:' .. authorization)
local epoch, available, known, newest, horizon, hold = have[2], have[3], have[4], have[5], have[6], have[7]
if not have[1] or have[1] ~= redis.call('GET', KEYS[2]) then return not_loaded() end
if (not hold) == (extends ~= '') then return {epoch, 'taken', available} end
if known ~= ARGV[7] then return {epoch, 'known', known} end
if tonumber(usdc6) > tonumber(available) then return {epoch, 'insufficient_funds', available} end
local plan = cjson.decode(ARGV[9])
if plan.unknown or (horizon and at < horizon) then return not_loaded() end

local worst = plan.rank
for _, check in ipairs(plan.checks) do
  local rank, counted = check[1], nil
  if not worst or rank < worst then
    if #check == 4 then
      counted = redis.call('HGET', image, check[2])
    else
      local size = tonumber(redis.call('HGET', image, 'z' .. check[2]) or '0')
      if redis.call('ZCARD', rolls .. check[2]) ~= size then return not_loaded() end
      counted = fullest(check[2], check[5], check[6], check[7], check[8], check[9])
    end
    if tonumber(counted or '0') + (check[3] or tonumber(cents)) > check[4] then worst = rank end
  end
end
if worst then return {epoch, tostring(worst), available} end

local left = redis.call('HINCRBY', image, 'a', '-' .. usdc6)
redis.call('HINCRBY', image, 'x:' .. authorization, usdc6)
redis.call('RPUSH', KEYS[3], cjson.encode({at, account, authorization}))
move(image, rolls, plan.moves, cents)
if not newest or plan.yesterday >= newest then forget(image, rolls, at, plan.horizon, plan.floors, plan.rolled) end
redis.call('PUBLISH', image, '')
return {epoch, '', tostring(left)}
