-- Starts the grace of a session (`Store.start_grace`).
--
-- KEYS  see board.lua
-- ARGV  after those of clock.lua: session, how long its grace is
-- Returns 1 if the session is present, else 0.

if settle() then
  return AGAIN
end
local member = read_member(ARGV[FIRST])
if not member or redis.call('ZSCORE', INDEX, member.late) then
  return 0
end
redis.call('ZADD', GRACES, 'NX', NOW + ARGV[FIRST + 1], member.session)
redis.call('ZADD', INDEX, 0, member.in_grace)
keep_board()
return 1
