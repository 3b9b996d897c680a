-- Tells how a board stands, after it renewed the lease of a process that has members there
-- (`Store.renew`, `Store.counts`).
--
-- KEYS  as board.lua says
-- ARGV  after those of clock.lua: process, or '' to renew none
-- Returns version, people, processes, how many members the process has, also those whose time is
-- up.

local process = ARGV[FIRST]
local members = everybody()
local own = 0
for _, member in ipairs(members) do
  if member.process == process then
    own = own + 1
  end
end
if own > 0 then
  lease(process, NOW + LEASE)
  keep_board()
end
local people, processes = census(members)
return {version(), people, processes, own}
