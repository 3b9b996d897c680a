-- Returns the boards that hold an id: every one that somebody is on, and some that are empty.
--
-- KEYS  as registry.lua says
-- ARGV  those of clock.lua

return redis.call('ZRANGEBYSCORE', ENDS, string.format('(%.0f', NOW), '+inf')
