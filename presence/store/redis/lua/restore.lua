-- Puts members back on a board (`Store.restore`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: how long to ban sessions of banned persons; the board's reference
--       or ''; then for each member session, process, person, name, colour ("rrggbb"), user id, end
--       of the process's lease ('' if unknown), since when it is there, pool, with what may follow
--       it in a record
-- Returns how many sessions are on the board then.

if settle() then
  return AGAIN
end
local lost, back = {}, false
for i = FIRST + 2, #ARGV, 9 do
  local session, person = ARGV[i], ARGV[i + 2]
  local member = read_member(session)
  if member then
    -- A late one is present again: its process was taken for dead.
    if redis.call('ZSCORE', INDEX, member.late) then
      note_lease(member.process, ARGV[i + 6])
      show(member)
      hold(member.user, session)
      redis.call('ZREM', INDEX, member.late)
      back = true
    end
  elseif is_banned(PERSON .. person) then
    ban(SESSION .. session, ARGV[FIRST])
  elseif not is_banned(SESSION .. session) then
    lost[#lost + 1] = {unpack(ARGV, i, i + 8)}
  end
end

-- Members who keep their user id go first, so that it is not given to one who clashes.
local held, rests = held_users(), read_rests()
for _, member in ipairs(lost) do
  local user, person = tonumber(member[6]), member[3]
  local had = rests[user] and rests[user].person or person
  if user >= MAX_USERS then
    member.user = NO_USER
  elseif not held[user] and had == person then
    member.user, held[user] = user, true
  end
end
for _, member in ipairs(lost) do
  local session, process, person, name, color, _, lease_end, since, pool = unpack(member)
  if not member.user then
    member.user = lowest_user(held, rests) or NO_USER
    held[member.user] = true
  end
  note_lease(process, lease_end)
  put_on(session, process, person, name, color, member.user, since, pool)
end
if #lost > 0 or back then
  settle() -- Those whose process has no lease are late at once.
  note_reference(ARGV[FIRST + 1])
  keep_board()
  raise('version')
end
return redis.call('HLEN', MEMBERS)
