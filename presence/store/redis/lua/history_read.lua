-- Returns what pages of a history hold (`History.read`): numbers and tallies as history_note.lua
-- writes them, as one flat list in no order.
--
-- KEYS  the pages, of one board or of all boards together
-- ARGV  those of clock.lua

local found = {}
for _, key in ipairs(KEYS) do
  for _, part in ipairs(redis.call('HGETALL', key)) do
    found[#found + 1] = part
  end
end
return found
