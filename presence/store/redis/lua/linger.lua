-- Starts a session's grace (`Store.linger`).
--
-- KEYS  as board.lua says
-- ARGV  after those of clock.lua: session
-- Returns 1 where the session is on the board, else 0.

local here = redis.call('HEXISTS', MEMBERS, ARGV[FIRST])
if here == 1 then
  redis.call('ZADD', BROKEN, 'NX', NOW + GRACE, ARGV[FIRST])
  keep_board()
end
return here
