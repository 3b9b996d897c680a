-- Puts a session on a board (`Store.join`).
--
-- KEYS  as board.lua and out.lua say
-- ARGV  after those of clock.lua: session, process, person, name, the end of the process's lease
--       ('' where it is not known), the colours in the order the person prefers them ("rrggbb",
--       comma separated)
-- Returns version, people, processes, user id, colour, the session it goes on for or '', since when
-- it is here, 1 where the person had no session here before; or only why not: 'removed' or 'shut'.

local session, process, person, name, lease_end, palette = unpack(ARGV, FIRST)
local members = everybody()

-- How many sessions of the person are here, those whose time is up aside.
local known, present = 0, 0
for _, member in ipairs(members) do
  if member.person == person then
    known = known + 1
    present = present + (gone(member) and 0 or 1)
  end
end

-- Before anything changes.
if is_out(PERSON .. person) then
  return {'removed'}
elseif present == 0 and is_out(NEWCOMERS) then
  return {'shut'}
end
lease(process, lease_end)

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

local user, color, resumed, since
if old then
  local before = table.remove(members, old)
  user, color, resumed = tonumber(before.user), before.color, before.session
  since = string.match(before.record, '%d+$')
  take_off(before)
else
  user, color, resumed = free_user(held(members), resting()), preferred(), ''
  since = string.format('%.0f', NOW)
end
put_on(members, session, process, person, name, color, user, since)
if old then
  forget_leases(members)
end
keep_board()
local people, processes = census(members)
local arrived = known == 0 and 1 or 0
return {changed(), people, processes, user, color, resumed, since, arrived}
