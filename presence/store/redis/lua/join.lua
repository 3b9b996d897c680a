-- Puts a session on a board (`Store.join`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: session, process, person, name, end of the process's lease ('' if
--       unknown), colours in the person's order of preference ("rrggbb", separated by commas), the
--       board's reference or ''
-- Returns version, people, processes, user id, colour, the session that it replaced or '', since
-- when the member is there, 1 if the person had no session there; or only 'removed' or 'closed' if
-- the board refuses the person.

local session, process, person, name, lease_end, palette, reference = unpack(ARGV, FIRST)
local members = read_members()

-- Count the person's sessions: all, and those whose time is not up.
local known, present = 0, 0
for _, member in ipairs(members) do
  if member.person == person then
    known = known + 1
    present = present + (gone(member) and 0 or 1)
  end
end

if is_banned(PERSON .. person) then
  return {'removed'}
elseif present == 0 and is_banned(NEWCOMERS) then
  return {'closed'}
end
note_lease(process, lease_end)

local function resumable(member)
  return not gone(member) and (graces[member.session] or lapsed(member.process) >= 0)
end

local function choose_color()
  local worn = {}
  for _, member in ipairs(members) do
    if member.person == person then
      return member.color
    end
    worn[member.color] = true
  end
  for color in string.gmatch(palette, '%x+') do
    if not worn[color] then
      return color
    end
  end
  return string.match(palette, '%x+')
end

-- Replace the person's earliest session that is broken.
local old, earliest = nil, math.huge
for index, member in ipairs(members) do
  if member.person == person and resumable(member) and tonumber(member.place) < earliest then
    old, earliest = index, tonumber(member.place)
  end
end

local user, color, resumed, since
if old then
  local before = table.remove(members, old)
  local former
  color, resumed = before.color, before.session
  former, since = string.match(before.record, '([^\t]*)\t(%d+)$')
  take_off(before)
  if (former == '') == (name == '') then
    user = tonumber(before.user)
  else
    let_rest(before)
  end
else
  color, resumed = choose_color(), ''
  since = string.format('%.0f', NOW)
end
if not user then
  user = name == '' and NO_USER or free_user(held_users(members), read_rests())
end
put_on(members, session, process, person, name, color, user, since)
note_reference(reference)
if old then
  forget_leases(members)
end
keep_board()
local people, processes = census(members)
local arrived = known == 0 and 1 or 0
return {raise_version(), people, processes, user, color, resumed, since, arrived}
