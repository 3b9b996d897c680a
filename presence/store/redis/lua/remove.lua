-- Takes every session of a person off a board, and bans the person (`Store.remove`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: person, how long to ban the person, how long to ban their sessions
-- Returns what `depart` in board.lua does.

local person, person_ban, session_ban = ARGV[FIRST], ARGV[FIRST + 1], ARGV[FIRST + 2]
local departure = depart(function(member)
  return member.person == person
end)
local went = departure[4]
for i = 1, #went, 2 do
  ban(SESSION .. went[i], session_ban)
end
ban(PERSON .. person, person_ban)
return departure
