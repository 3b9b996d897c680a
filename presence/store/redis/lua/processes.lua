-- Returns the processes that hold a lease.
--
-- KEYS  see renew_lease.lua
-- ARGV  see clock.lua

return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', NOW), '+inf')
