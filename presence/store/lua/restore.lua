-- Puts members back on a board (`Store.restore`).
--
-- KEYS  as board.lua says
-- ARGV  after those of clock.lua: for each member session, process, person, name, colour ("rrggbb"),
--       user id, the end of the process's lease ('' where it is not known)
-- Returns the version.

local members = everybody()
local here, lost = {}, {}
for _, member in ipairs(members) do
  here[member.session] = true
end
for i = FIRST, #ARGV, 7 do
  if not here[ARGV[i]] then
    lost[#lost + 1] = {unpack(ARGV, i, i + 6)}
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
  put_on(members, member[1], member[2], member[3], member[4], member[5], member.user)
  lease(member[2], member[7])
end
if #lost == 0 then
  return version()
end
keep_board()
return changed()
