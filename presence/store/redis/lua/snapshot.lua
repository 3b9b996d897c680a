-- Returns a board as it is at one moment (`Store.snapshot`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  see clock.lua
-- Returns version, people, processes, sessions and records of the members in no order, the sessions
-- that must not be put back, 1 if the board is closed to newcomers, and the time.

local present = {}
for _, member in ipairs(read_members()) do
  if not gone(member) then
    present[#present + 1] = member
  end
end
local people, processes = census(present)
local closed = is_banned(NEWCOMERS) and 1 or 0
return {read_version(), people, processes, records(present), removed_sessions(), closed, NOW}
