-- Whom a board keeps out; it follows board.lua.
--
-- KEYS[6] out  sorted set, by when that is over: "person TAB person" who was removed, "session TAB
--              session" that must not be put back, and "newcomers" where the board is shut

local OUT = KEYS[6]
local PERSON, SESSION, NEWCOMERS = 'person\t', 'session\t', 'newcomers'

local function is_out(who)
  return tonumber(redis.call('ZSCORE', OUT, who) or 0) > NOW
end

-- Keep somebody out for so long; 0: no longer.
local function keep_out(who, duration)
  redis.call('ZADD', OUT, NOW + duration, who)
  redis.call('ZREMRANGEBYSCORE', OUT, '-inf', NOW)
  local last = redis.call('ZREVRANGE', OUT, 0, 0, 'WITHSCORES')[2]
  if last then
    redis.call('PEXPIRE', OUT, math.ceil((last - NOW + SPARE) / 1000))
  end
end

-- Return the sessions that must not be put back.
local function removed()
  local found = {}
  for _, who in ipairs(redis.call('ZRANGEBYSCORE', OUT, string.format('(%.0f', NOW), '+inf')) do
    if string.sub(who, 1, #SESSION) == SESSION then
      found[#found + 1] = string.sub(who, #SESSION + 1)
    end
  end
  return found
end
