-- Takes members off a board whose time is up (`Store.reap`). As a script is one step, each of them
-- is in the answer to one process only.
--
-- KEYS  see board.lua
-- ARGV  see clock.lua
-- Returns what `depart` in board.lua does.

if settle() then
  return AGAIN
end
local sessions = {}
for _, entry in ipairs(entries('late\t', BATCH)) do
  sessions[#sessions + 1] = session_of(entry)
end
return depart(sessions)
