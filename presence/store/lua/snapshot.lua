-- Returns a board as it is at one moment (`Store.snapshot`).
--
-- KEYS  as board.lua says
-- ARGV  those of clock.lua
-- Returns version, people, processes, sessions and records of those present, in no order.

local present = {}
for _, member in ipairs(everybody()) do
  if not gone(member) then
    present[#present + 1] = member
  end
end
local people, processes = census(present)
return {version(), people, processes, records(present)}
