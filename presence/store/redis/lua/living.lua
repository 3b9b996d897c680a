-- Returns the processes that hold a lease.
--
-- KEYS[1] processes  sorted set: process by the end of its lease
-- ARGV    those of clock.lua

return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', NOW), '+inf')
