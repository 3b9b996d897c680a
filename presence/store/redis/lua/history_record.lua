-- Adds one sample to the minute and the hour of a board, or of all boards together
-- (`History.record`).
--
-- KEYS[1] minutes   hash: minute since 1970 -> "samples sum peak"
-- KEYS[2] hours     hash: hour since 1970 -> the same
-- KEYS[3] recorder  see history_claim.lua; for all boards together, which are recorded first: a
--                   process that may record them goes on to record each board
--         name      string: the reference of a board; lives as long as its hours
-- ARGV    after those of clock.lua: process, people, then for each hash the number of the minute or
--         hour, and how many seconds the hash lives; the board's reference, '' for its UUID, or nil
--         for all boards together
-- Returns 1, or 0 if the process is not the recorder.

local process, people = ARGV[FIRST], tonumber(ARGV[FIRST + 1])
local reference = ARGV[FIRST + 6]

if not reference then
  local ends, holder = string.match(redis.call('GET', KEYS[3]) or '', '^(%d+)\t(.*)$')
  if holder ~= process or tonumber(ends) <= NOW then
    return 0
  end
end

for n = 1, 2 do
  local number, seconds = ARGV[FIRST + 2 * n], ARGV[FIRST + 2 * n + 1]
  local before = redis.call('HGET', KEYS[n], number) or '0 0 0'
  local samples, sum, peak = string.match(before, '^(%d+) (%d+) (%d+)$')
  local after = string.format('%d %d %d', samples + 1, sum + people, math.max(peak, people))
  redis.call('HSET', KEYS[n], number, after)
  redis.call('EXPIRE', KEYS[n], seconds)
end
if reference and reference ~= '' then
  redis.call('SET', KEYS[3], reference, 'EX', ARGV[FIRST + 5])
end
return 1
