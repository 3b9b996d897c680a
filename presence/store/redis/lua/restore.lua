-- Puts members back on a board (`Store.restore`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: how long to ban sessions of banned persons; the board's reference
--       or ''; then for each member session, process, person, name, colour ("rrggbb"), user id, end
--       of the process's lease ('' if unknown), since when it is there
-- Returns how many sessions are on the board then.

local members = read_members()
local here, lost = {}, {}
for _, member in ipairs(members) do
  here[member.session] = true
end
for i = FIRST + 2, #ARGV, 8 do
  local session, person = ARGV[i], ARGV[i + 2]
  if not here[session] and is_banned(PERSON .. person) then
    ban(SESSION .. session, ARGV[FIRST])
  elseif not here[session] and not is_banned(SESSION .. session) then
    lost[#lost + 1] = {unpack(ARGV, i, i + 7)}
  end
end

-- Members who keep their user id go first, so that it is not given to one who clashes.
local held, rests = held_users(members), read_rests()
for _, member in ipairs(lost) do
  local user, person = tonumber(member[6]), member[3]
  local rests_after = rests[user] or person
  if user >= MAX_USERS then
    member.user = NO_USER
  elseif not held[user] and rests_after == person then
    member.user, held[user] = user, true
  end
end
for _, member in ipairs(lost) do
  if not member.user then
    member.user = free_user(held, rests)
    held[member.user] = true
  end
  put_on(members, member[1], member[2], member[3], member[4], member[5], member.user, member[8])
  note_lease(member[2], member[7])
end
if #lost > 0 then
  note_reference(ARGV[FIRST + 1])
  keep_board()
  raise_version()
end
return #members
