-- Makes boards hold their ids. A board without one gets the id that it wants, or the first free one
-- from its home on; if all ids are taken it shares the id of its home.
--
-- KEYS  see registry.lua
-- ARGV  after those of clock.lua: for each board its name, its home, and the id that it wants or 0
-- Returns the ids in the order of the boards.

local MAX_BOARD_ID = 65535

local function free_id(board)
  local id = redis.call('HGET', IDS, board)
  if id and redis.call('HGET', TAKEN, id) == board then
    redis.call('HDEL', TAKEN, id)
  end
  redis.call('HDEL', IDS, board)
  redis.call('ZREM', ENDS, board)
end

local function choose_id(board, home, wanted)
  if wanted > 0 and redis.call('HSETNX', TAKEN, wanted, board) == 1 then
    return wanted
  end
  if redis.call('HLEN', TAKEN) >= MAX_BOARD_ID then
    return home
  end
  local id = home
  while redis.call('HSETNX', TAKEN, id, board) == 0 do
    id = id % MAX_BOARD_ID + 1
  end
  return id
end

for _, board in ipairs(redis.call('ZRANGEBYSCORE', ENDS, '-inf', NOW)) do
  free_id(board)
end

local found = {}
-- If every process on the board dies, its id is freed after their time and its own rest.
local hold = LEASE + GRACE + BOARD_REST
for i = FIRST, #ARGV, 3 do
  local board = ARGV[i]
  local id = tonumber(redis.call('HGET', IDS, board) or 0)
  if id == 0 then
    id = choose_id(board, tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]))
    redis.call('HSET', IDS, board, id)
  end
  redis.call('ZADD', ENDS, NOW + hold + SPARE, board)
  found[#found + 1] = id
end
keep(hold + SPARE)
return found
