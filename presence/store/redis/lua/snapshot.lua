-- Returns a board as it is at one moment (`Store.snapshot`), or the next page of its members.
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: a process, which wants the holders of user ids and, if it has not
--       as many members as it believes, its own members, or '' for all members; how many it
--       believes to have; the number of the roster that it knows; the last entry of the page before
--       or ''
-- Returns version, people, processes, the sessions that must not be put back, 1 if the board is
-- closed to newcomers, the time; the number of the roster, and sessions and records of the holders
-- of user ids, or nil if it is known or not wanted; sessions and records of a page of members, or
-- nil if none are wanted, and the last entry of the page, or '' if no page follows; 1 if another
-- process has members without a name.

local process, known, roster_known, after = unpack(ARGV, FIRST)
if settle() then
  return AGAIN
end
local people, processes = census()
local closed = is_banned(NEWCOMERS) and 1 or 0

local number, roster = redis.call('HGET', STATE, 'roster') or '0', false
if process ~= '' and number ~= roster_known then
  local sessions, flat = {}, redis.call('HGETALL', USERS)
  for i = 2, #flat, 2 do
    sessions[i / 2] = flat[i] -- '' is no member: its holder is late
  end
  roster = records(sessions)
end

local fields = {'nameless'} -- which there is not, but HMGET asks for one field at least
for other in pairs(leases) do
  fields[#fields + 1] = other ~= process and 'nameless\t' .. other or nil
end
local nameless = 0
for _, number in pairs(redis.call('HMGET', STATE, unpack(fields))) do
  nameless = number and 1 or nameless
end

local page, last = false, ''
local own = tonumber(redis.call('HGET', STATE, 'process\t' .. process) or 0)
if process == '' or own ~= tonumber(known) then
  local beginning = process == '' and 'person\t' or 'process\t' .. process .. '\t'
  local found, sessions = entries(beginning, BATCH, after ~= '' and after), {}
  for i, entry in ipairs(found) do
    sessions[i] = session_of(entry)
  end
  page, last = records(sessions), found[BATCH] or ''
end
return {
  read_version(), people, processes, removed_sessions(), closed, NOW, number, roster, page, last,
  nameless,
}
