-- Every script begins with this file.
--
-- ARGV[1]     added to the server's clock; not 0 in tests only
-- ARGV[2..6]  grace, lease, rest of a user id, rest of a board id, and spare: how much longer keys
--             live than what they hold
--
-- Times are in microseconds: whole numbers, which a Lua number holds exactly until the year 2255.
-- A script touches only its KEYS, which share a hash tag.

local time = redis.call('TIME')
local NOW = time[1] * 1000000 + time[2] + ARGV[1]
local GRACE, LEASE = tonumber(ARGV[2]), tonumber(ARGV[3])
local ID_REST, BOARD_REST, SPARE = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local FIRST = 7 -- index of the script's own first argument

-- Let all keys live for a duration plus the spare time, at least.
local function keep(duration)
  local milliseconds = math.ceil((duration + SPARE) / 1000)
  for _, key in ipairs(KEYS) do
    if redis.call('PTTL', key) < milliseconds then
      redis.call('PEXPIRE', key, milliseconds)
    end
  end
end

-- Return a sorted set of end times as a table: member -> end. An end that is later than `longest`
-- from now was set before the clock was set back: it is moved to the latest possible time.
local function ends_of(key, longest)
  local found = {}
  local flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #flat, 2 do
    local ends = tonumber(flat[i + 1])
    if ends > NOW + longest + SPARE then
      ends = NOW + longest
      redis.call('ZADD', key, ends, flat[i])
    end
    found[flat[i]] = ends
  end
  return found
end
