-- Tells the figures of a process, and forgets those of processes that tell none any more
-- (`History.publish`).
--
-- KEYS[1] ends  sorted set: process by when its figures are told no longer
-- KEYS[2] told  hash: process -> figures
-- ARGV    after those of clock.lua: process, figures, how long they are told
-- Returns nothing.

local process, figures, lasts = ARGV[FIRST], ARGV[FIRST + 1], tonumber(ARGV[FIRST + 2])
for _, silent in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', NOW)) do
  redis.call('ZREM', KEYS[1], silent)
  redis.call('HDEL', KEYS[2], silent)
end
redis.call('ZADD', KEYS[1], NOW + lasts, process)
redis.call('HSET', KEYS[2], process, figures)
keep(lasts)
