-- Returns a board as it is at one moment (`Store.snapshot`).
--
-- KEYS  as board.lua and out.lua say
-- ARGV  those of clock.lua
-- Returns version, people, processes, sessions and records of those present, in no order; the
-- sessions that must not be put back, 1 where newcomers are kept out, and the time.

local present = {}
for _, member in ipairs(everybody()) do
  if not gone(member) then
    present[#present + 1] = member
  end
end
local people, processes = census(present)
local shut = is_out(NEWCOMERS) and 1 or 0
return {version(), people, processes, records(present), removed(), shut, NOW}
