-- Returns the id that a board holds, 0 if it holds none.
--
-- KEYS  see registry.lua
-- ARGV  after those of clock.lua: board

local ends = tonumber(redis.call('ZSCORE', ENDS, ARGV[FIRST]) or 0)
return ends > NOW and tonumber(redis.call('HGET', IDS, ARGV[FIRST])) or 0
