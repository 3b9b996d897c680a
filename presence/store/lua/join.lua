-- Puts a session on a board (`Store.join`).
--
-- KEYS  as board.lua says
-- ARGV  after those of clock.lua: session, process, person, name, the end of the process's lease
--       ('' where it is not known), the colours in the order the person prefers them ("rrggbb",
--       comma separated)
-- Returns version, people, processes, user id, colour, the session it goes on for or ''.

local session, process, person, name, lease_end, palette = unpack(ARGV, FIRST)
lease(process, lease_end)
local members = everybody()

local function resumable(member)
  return not gone(member) and (broken[member.session] or lapsed(member.process) >= 0)
end

local function preferred()
  local worn, own = {}, nil
  for _, member in ipairs(members) do
    worn[member.color] = true
    own = own or (member.person == person and member.color)
  end
  if own then
    return own
  end
  for color in string.gmatch(palette, '%x+') do
    if not worn[color] then
      return color
    end
  end
  return string.match(palette, '%x+')
end

local old, earliest = nil, math.huge
for index, member in ipairs(members) do
  if member.person == person and resumable(member) and tonumber(member.place) < earliest then
    old, earliest = index, tonumber(member.place)
  end
end

local user, color, resumed
if old then
  local before = table.remove(members, old)
  user, color, resumed = tonumber(before.user), before.color, before.session
  take_off(before)
else
  user, color, resumed = free_user(held(members), resting()), preferred(), ''
end
put_on(members, session, process, person, name, color, user)
if old then
  forget_leases(members)
end
keep_board()
local people, processes = census(members)
return {changed(), people, processes, user, color, resumed}
