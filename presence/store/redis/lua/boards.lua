-- Returns the boards that hold an id: all that have members, and some empty ones.
--
-- KEYS  see registry.lua
-- ARGV  after those of clock.lua: the boards to look among, or nothing for all boards

if not ARGV[FIRST] then
  return redis.call('ZRANGEBYSCORE', ENDS, string.format('(%.0f', NOW), '+inf')
end

local found = {}
for i = FIRST, #ARGV do
  local ends = redis.call('ZSCORE', ENDS, ARGV[i])
  if ends and tonumber(ends) > NOW then
    found[#found + 1] = ARGV[i]
  end
end
return found
