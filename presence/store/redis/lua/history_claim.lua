-- Makes a process the recorder, or keeps it so (`History.claim`).
--
-- KEYS[1] recorder  string: "end of the lease TAB process"
-- ARGV    after those of clock.lua: process, how long the lease is
-- Returns the time, or 0 if another process is the recorder.

local ends, holder = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+)\t(.*)$')
if holder and holder ~= ARGV[FIRST] and tonumber(ends) > NOW then
  return 0
end
local lease = tonumber(ARGV[FIRST + 1])
redis.call('SET', KEYS[1], string.format('%.0f\t%s', NOW + lease, ARGV[FIRST]))
keep(lease)
return NOW
