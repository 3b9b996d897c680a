-- Renews the lease of a process, and forgets processes that lost theirs a grace ago.
--
-- KEYS[1] processes  sorted set: processes, by the end of their lease
-- ARGV    after those of clock.lua: process
-- Returns the end of the lease.

ends_of(KEYS[1], LEASE)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', NOW - GRACE)
redis.call('ZADD', KEYS[1], NOW + LEASE, ARGV[FIRST])
keep(LEASE + GRACE)
return NOW + LEASE
