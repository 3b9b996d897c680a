-- Takes a session off a board (`Store.leave`).
--
-- KEYS  as board.lua says
-- ARGV  after those of clock.lua: session
-- Returns what `depart` of board.lua says.

local session = ARGV[FIRST]
return depart(function(member)
  return member.session == session
end)
