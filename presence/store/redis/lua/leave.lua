-- Takes a session off a board (`Store.leave`).
--
-- KEYS  see board.lua
-- ARGV  after those of clock.lua: session
-- Returns what `depart` in board.lua does.

local session = ARGV[FIRST]
return depart(function(member)
  return member.session == session
end)
