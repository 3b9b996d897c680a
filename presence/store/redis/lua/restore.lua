-- Puts members back on a board (`Store.restore`).
--
-- KEYS  as board.lua and out.lua say
-- ARGV  after those of clock.lua: for how long sessions of persons who are kept out are, too; for
--       each member session, process, person, name, colour ("rrggbb"), user id, the end of the
--       process's lease ('' where it is not known), since when it is here
-- Returns how many sessions are on the board then.

local members = everybody()
local here, lost = {}, {}
for _, member in ipairs(members) do
  here[member.session] = true
end
for i = FIRST + 1, #ARGV, 8 do
  local session, person = ARGV[i], ARGV[i + 2]
  if not here[session] and is_out(PERSON .. person) then
    keep_out(SESSION .. session, ARGV[FIRST])
  elseif not here[session] and not is_out(SESSION .. session) then
    lost[#lost + 1] = {unpack(ARGV, i, i + 7)}
  end
end

-- First those who keep their id, so that nobody is given one that its holder wants back.
local users, rests = held(members), resting()
for _, member in ipairs(lost) do
  local user, person = tonumber(member[6]), member[3]
  local rests_for = rests[user] or person
  if user >= MAX_USERS then
    member.user = NO_USER
  elseif not users[user] and rests_for == person then
    member.user, users[user] = user, true
  end
end
for _, member in ipairs(lost) do
  if not member.user then
    member.user = free_user(users, rests)
    users[member.user] = true
  end
  put_on(members, member[1], member[2], member[3], member[4], member[5], member.user, member[8])
  lease(member[2], member[7])
end
if #lost > 0 then
  keep_board()
  changed()
end
return #members
