-- Holds the ids of boards, and gives one to each board that has none: the one it wants if that is
-- free, else the first free one from its home on, else its home.
--
-- KEYS  as registry.lua says
-- ARGV  after those of clock.lua: for each board its name, its home, and the id it wants or 0
-- Returns how many boards had to share, then the ids in the order of the boards.

local MAX_BOARD_ID = 65535

local function release(board)
  local id = redis.call('HGET', IDS, board)
  if id and redis.call('HGET', TAKEN, id) == board then
    redis.call('HDEL', TAKEN, id)
  end
  redis.call('HDEL', IDS, board)
  redis.call('ZREM', ENDS, board)
end

local function give(board, home, wanted)
  if wanted > 0 and redis.call('HSETNX', TAKEN, wanted, board) == 1 then
    return wanted, 0
  end
  if redis.call('HLEN', TAKEN) >= MAX_BOARD_ID then
    return home, 1
  end
  local id = home
  while redis.call('HSETNX', TAKEN, id, board) == 0 do
    id = id % MAX_BOARD_ID + 1
  end
  return id, 0
end

for _, board in ipairs(redis.call('ZRANGEBYSCORE', ENDS, '-inf', NOW)) do
  release(board)
end

local reply = {0}
-- Should every process with somebody there die, the id is let go after their time and its rest.
local hold = LEASE + GRACE + BOARD_REST
for i = FIRST, #ARGV, 3 do
  local board = ARGV[i]
  local id = tonumber(redis.call('HGET', IDS, board) or 0)
  if id == 0 then
    local shares
    id, shares = give(board, tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]))
    reply[1] = reply[1] + shares
    redis.call('HSET', IDS, board, id)
  end
  redis.call('ZADD', ENDS, NOW + hold + SPARE, board)
  reply[#reply + 1] = id
end
keep(hold + SPARE)
return reply
