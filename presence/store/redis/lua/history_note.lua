-- Counts one look at a board, or at all boards together, in its minute and in its hour
-- (`History.record`).
--
-- KEYS[1] minutes   hash: minute since 1970 -> "looks sum peak"
-- KEYS[2] hours     hash: hour since 1970 -> the same
-- KEYS[3] recorder  as history_claim.lua says; only with all boards: who may count them goes on to
--                   count each
-- ARGV    after those of clock.lua: process, people, then for each hash the number of the minute or
--         hour, and how many seconds the hash lives
-- Returns 1, or 0 where the process is not the recorder.

local process, people = ARGV[FIRST], tonumber(ARGV[FIRST + 1])

if KEYS[3] then
  local ends, holder = string.match(redis.call('GET', KEYS[3]) or '', '^(%d+)\t(.*)$')
  if holder ~= process or tonumber(ends) <= NOW then
    return 0
  end
end

for n = 1, 2 do
  local number, lasts = ARGV[FIRST + 2 * n], ARGV[FIRST + 2 * n + 1]
  local before = redis.call('HGET', KEYS[n], number) or '0 0 0'
  local looks, sum, peak = string.match(before, '^(%d+) (%d+) (%d+)$')
  local after = string.format('%d %d %d', looks + 1, sum + people, math.max(peak, people))
  redis.call('HSET', KEYS[n], number, after)
  redis.call('EXPIRE', KEYS[n], lasts)
end
return 1
