-- Every script begins with this file.
--
-- ARGV[1]     what to add to the server's clock (0 but in tests)
-- ARGV[2..6]  grace, lease, rest of a user id, rest of a board id, how much longer keys live than
--             what they hold
--
-- All times are in microseconds: whole numbers that a Lua number holds exactly until the year 2255.
-- A script touches no key but its KEYS, which share a hash tag.

local time = redis.call('TIME')
local NOW = time[1] * 1000000 + time[2] + ARGV[1]
local GRACE, LEASE = tonumber(ARGV[2]), tonumber(ARGV[3])
local ID_REST, BOARD_REST, SPARE = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local FIRST = 7 -- of the script's own arguments

-- Let all keys live for so long at least, and a while longer.
local function keep(duration)
  local milliseconds = math.ceil((duration + SPARE) / 1000)
  for _, key in ipairs(KEYS) do
    if redis.call('PTTL', key) < milliseconds then
      redis.call('PEXPIRE', key, milliseconds)
    end
  end
end

-- Return a sorted set as a table: member -> score.
local function scores(key)
  local found = {}
  local flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #flat, 2 do
    found[flat[i]] = tonumber(flat[i + 1])
  end
  return found
end

-- Return a sorted set of ends as a table: member -> end. None is much further away than `most`: where
-- the clock was set back, those that were noted before would not come for as long.
local function bounded(key, most)
  local found = scores(key)
  for member, ends in pairs(found) do
    if ends > NOW + most + SPARE then
      found[member] = NOW + most
      redis.call('ZADD', key, NOW + most, member)
    end
  end
  return found
end
