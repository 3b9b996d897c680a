-- Publishes the stats of a process, and drops those that are out of date (`History.publish`).
--
-- KEYS[1] ends   sorted set: processes, by when their stats are out of date
-- KEYS[2] stats  hash: process -> stats
-- ARGV    after those of clock.lua: process, stats, how long they are kept
-- Returns nothing.

local process, stats, ttl = ARGV[FIRST], ARGV[FIRST + 1], tonumber(ARGV[FIRST + 2])
for _, silent in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', NOW)) do
  redis.call('ZREM', KEYS[1], silent)
  redis.call('HDEL', KEYS[2], silent)
end
redis.call('ZADD', KEYS[1], NOW + ttl, process)
redis.call('HSET', KEYS[2], process, stats)
keep(ttl)
