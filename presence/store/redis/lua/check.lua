-- Runs each command that a script uses, so that one which the user may not run is noticed before a
-- board needs it.
--
-- KEYS[1..3]  a hash, a sorted set and a string that nothing else uses
-- ARGV        see clock.lua
-- Returns nothing, or the error of the first command that failed.

local HASH, ENDS, TEXT = KEYS[1], KEYS[2], KEYS[3]
local COMMANDS = {
  {'HSET', HASH, 'a', 1}, {'HSETNX', HASH, 'a', 1}, {'HINCRBY', HASH, 'a', 1},
  {'HGET', HASH, 'a'}, {'HMGET', HASH, 'a'}, {'HGETALL', HASH}, {'HEXISTS', HASH, 'a'},
  {'HLEN', HASH}, {'HDEL', HASH, 'b'},
  {'ZADD', ENDS, NOW, 'a'}, {'ZSCORE', ENDS, 'a'}, {'ZRANGE', ENDS, 0, 0},
  {'ZREVRANGE', ENDS, 0, 0}, {'ZRANGEBYSCORE', ENDS, 0, NOW}, {'ZREM', ENDS, 'b'},
  {'ZREMRANGEBYSCORE', ENDS, 0, 0},
  {'SET', TEXT, ''}, {'GET', TEXT}, {'EXPIRE', TEXT, 1}, {'PTTL', TEXT}, {'PEXPIRE', TEXT, 1},
}

for _, words in ipairs(COMMANDS) do
  local reply = redis.pcall(unpack(words))
  if type(reply) == 'table' and reply.err then
    return redis.error_reply(words[1] .. ': ' .. reply.err)
  end
end
keep(0)
