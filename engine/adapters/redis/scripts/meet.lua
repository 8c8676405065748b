-- Said on every new connection: a server that is another one than before has another memory, so a new generation begins.
-- KEYS generation, server   ARGV the server's run id, a new generation
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  redis.call('SET', KEYS[2], ARGV[1])
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'NX')
end
