-- Returns a board in brief, after renewing the lease of a process with members on it
-- (`Store.renew`, `Store.counts`).
--
-- KEYS  see board.lua
-- ARGV  after those of clock.lua: process, or '' to renew no lease; how many members the process
--       believes to have on the board
-- Returns version, people, processes, the sessions of the process, including those whose time is
-- up, or nil if they are as many as the process believes, the board's reference or '', and 1 if the
-- time of a member is up.

local process, known = ARGV[FIRST], tonumber(ARGV[FIRST + 1])
local members = read_members()
local own = {}
for _, member in ipairs(members) do
  if member.process == process then
    own[#own + 1] = member.session
  end
end
if #own > 0 then
  note_lease(process, NOW + LEASE)
  keep_board()
end
local overdue = 0
for _, member in ipairs(members) do
  if gone(member) then
    overdue = 1
  end
end
local people, processes = census(members)
local version, reference = unpack(redis.call('HMGET', STATE, 'version', 'reference'))
return {tonumber(version or 0), people, processes, #own ~= known and own, reference or '', overdue}
