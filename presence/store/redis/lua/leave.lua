-- Takes a session off a board (`Store.leave`).
--
-- KEYS  see board.lua
-- ARGV  after those of clock.lua: session
-- Returns what `depart` in board.lua does.

if settle() then
  return AGAIN
end
return depart({ARGV[FIRST]})
