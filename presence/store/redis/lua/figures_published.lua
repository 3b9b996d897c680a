-- Returns the figures of every living process (`History.published`), as a flat list of processes
-- and figures.
--
-- KEYS  as figures_publish.lua says
-- ARGV  those of clock.lua

local found = {}
for _, process in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', NOW), '+inf')) do
  local figures = redis.call('HGET', KEYS[2], process)
  if figures then
    found[#found + 1] = process
    found[#found + 1] = figures
  end
end
return found
