-- Takes every session of a person off a board, and bans the person (`Store.remove`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: person, how long to ban the person, how long to ban their sessions
-- Returns what `depart` in board.lua does.

local person, person_ban, session_ban = ARGV[FIRST], ARGV[FIRST + 1], ARGV[FIRST + 2]
if settle() then
  return AGAIN
end
local sessions = {}
for _, kind in ipairs({'person\t', 'late\t'}) do
  for _, entry in ipairs(entries(kind .. person .. '\t', -1)) do
    sessions[#sessions + 1] = session_of(entry)
  end
end
local departure = depart(sessions)
for _, session in ipairs(sessions) do
  ban(SESSION .. session, session_ban)
end
ban(PERSON .. person, person_ban)
return departure
