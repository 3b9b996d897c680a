-- Whom a board refuses; follows board.lua.
--
-- KEYS[8] bans  sorted set, by the end of the ban: "person TAB person" for a removed person,
--               "session TAB session" for a session that must not be put back, and "newcomers" for
--               a closed board

local BANS = KEYS[8]
local PERSON, SESSION, NEWCOMERS = 'person\t', 'session\t', 'newcomers'

local function is_banned(who)
  return tonumber(redis.call('ZSCORE', BANS, who) or 0) > NOW
end

-- Ban somebody for a duration, in place of an earlier ban; 0 lifts it.
local function ban(who, duration)
  redis.call('ZADD', BANS, NOW + duration, who)
  redis.call('ZREMRANGEBYSCORE', BANS, '-inf', NOW)
  local last = redis.call('ZREVRANGE', BANS, 0, 0, 'WITHSCORES')[2]
  if last then
    redis.call('PEXPIRE', BANS, math.ceil((last - NOW + SPARE) / 1000))
  end
end

-- Return the sessions that must not be put back.
local function removed_sessions()
  local found = {}
  for _, who in ipairs(redis.call('ZRANGEBYSCORE', BANS, string.format('(%.0f', NOW), '+inf')) do
    if string.sub(who, 1, #SESSION) == SESSION then
      found[#found + 1] = string.sub(who, #SESSION + 1)
    end
  end
  return found
end
