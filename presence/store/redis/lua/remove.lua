-- Takes every session of a person off a board, and keeps them out (`Store.remove`).
--
-- KEYS  as board.lua and out.lua say
-- ARGV  after those of clock.lua: person, for how long the person is kept out, for how long their
--       sessions are
-- Returns what `depart` of board.lua says.

local person, duration, remembered = ARGV[FIRST], ARGV[FIRST + 1], ARGV[FIRST + 2]
local told = depart(function(member)
  return member.person == person
end)
local went = told[4]
for i = 1, #went, 2 do
  keep_out(SESSION .. went[i], remembered)
end
keep_out(PERSON .. person, duration)
return told
