-- Starts the grace of a session (`Store.start_grace`).
--
-- KEYS  see board.lua
-- ARGV  after those of clock.lua: session, how long its grace is
-- Returns 1 if the session is on the board, else 0.

local here = redis.call('HEXISTS', MEMBERS, ARGV[FIRST])
if here == 1 then
  redis.call('ZADD', GRACES, 'NX', NOW + ARGV[FIRST + 1], ARGV[FIRST])
  keep_board()
end
return here
