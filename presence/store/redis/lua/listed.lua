-- Returns the boards that hold an id: every one that somebody is on, and some that are empty.
--
-- KEYS  as registry.lua says
-- ARGV  those of clock.lua, then either nothing or 1 and the boards to look among

if not ARGV[FIRST] then
  return redis.call('ZRANGEBYSCORE', ENDS, string.format('(%.0f', NOW), '+inf')
end

local found = {}
for i = FIRST + 1, #ARGV do
  local ends = redis.call('ZSCORE', ENDS, ARGV[i])
  if ends and tonumber(ends) > NOW then
    found[#found + 1] = ARGV[i]
  end
end
return found
