-- Returns a board in brief, after renewing the lease of a process with members on it
-- (`Store.renew`, `Store.counts`).
--
-- KEYS  see board.lua
-- ARGV  after those of clock.lua: process, or '' to renew no lease; how many members the process
--       believes to have on the board
-- Returns version, people, processes, the sessions of the process that are present, or nil unless
-- they are fewer than the process believes, the board's reference or '', and 1 if the time of a
-- member is up.

local process, known = ARGV[FIRST], tonumber(ARGV[FIRST + 1])
if settle() then
  return AGAIN
end
local own = tonumber(redis.call('HGET', STATE, 'process\t' .. process) or 0)
if own > 0 then
  note_lease(process, string.format('%.0f', NOW + LEASE))
  keep_board()
end
local sessions = own < known and {}
for _, entry in ipairs(sessions and entries('process\t' .. process .. '\t', -1) or {}) do
  sessions[#sessions + 1] = session_of(entry)
end
local people, processes = census()
local version, reference = unpack(redis.call('HMGET', STATE, 'version', 'reference'))
return {tonumber(version or 0), people, processes, sessions, reference or '', #entries('late\t', 1)}
