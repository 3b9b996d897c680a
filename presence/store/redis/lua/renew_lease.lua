-- Renews the lease of a process, and forgets processes that lost theirs a grace ago.
--
-- KEYS[1] processes  sorted set: processes, by the end of their lease
-- KEYS[2] older      the same of an earlier release (`LAYOUT` in scripts.py)
-- ARGV    after those of clock.lua: process
-- Returns the end of the lease, and how many processes hold one: those of this release, and those of
-- an earlier one.

ends_of(KEYS[1], LEASE)
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', NOW - GRACE)
end
redis.call('ZADD', KEYS[1], NOW + LEASE, ARGV[FIRST])
keep(LEASE + GRACE)
local function holders(key)
  return #redis.call('ZRANGEBYSCORE', key, string.format('(%.0f', NOW), '+inf')
end
return {NOW + LEASE, holders(KEYS[1]), holders(KEYS[2])}
