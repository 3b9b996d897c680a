-- Renews a process's lease, and forgets processes that have been without one for a grace.
--
-- KEYS[1] processes  sorted set: process by the end of its lease
-- ARGV    after those of clock.lua: process
-- Returns the end of the lease.

bounded(KEYS[1], LEASE)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', NOW - GRACE)
redis.call('ZADD', KEYS[1], NOW + LEASE, ARGV[FIRST])
keep(LEASE + GRACE)
return NOW + LEASE
