-- Tells how a board stands, after it renewed the lease of a process that has members there
-- (`Store.renew`, `Store.counts`).
--
-- KEYS  as board.lua says
-- ARGV  after those of clock.lua: process, or '' to renew none; how many members it thinks it has
-- Returns version, people, processes, the sessions of the process, also those whose time is up: nil
-- where they are as many as it thinks.

local process, known = ARGV[FIRST], tonumber(ARGV[FIRST + 1])
local members = everybody()
local own = {}
for _, member in ipairs(members) do
  if member.process == process then
    own[#own + 1] = member.session
  end
end
if #own > 0 then
  lease(process, NOW + LEASE)
  keep_board()
end
local people, processes = census(members)
return {version(), people, processes, #own ~= known and own}
