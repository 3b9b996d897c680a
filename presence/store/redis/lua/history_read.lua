-- Returns the contents of pages of a history (`History.read`): one flat list of numbers and buckets
-- as history_record.lua writes them, in no order.
--
-- KEYS  the pages, of one board or of all boards together
-- ARGV  see clock.lua

local found = {}
for _, key in ipairs(KEYS) do
  for _, part in ipairs(redis.call('HGETALL', key)) do
    found[#found + 1] = part
  end
end
return found
