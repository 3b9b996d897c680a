-- Returns the stats of every living process (`History.published`): a flat list of processes and
-- stats.
--
-- KEYS  see stats_publish.lua
-- ARGV  see clock.lua

local found = {}
for _, process in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', NOW), '+inf')) do
  local stats = redis.call('HGET', KEYS[2], process)
  if stats then
    found[#found + 1] = process
    found[#found + 1] = stats
  end
end
return found
