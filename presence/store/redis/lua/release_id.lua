-- Starts the rest of an empty board's id.
--
-- KEYS  see registry.lua
-- ARGV  after those of clock.lua: board
-- Returns 1 if the board holds an id, else 0.

-- All knowledge of a board is dropped with its id, so its user ids must have finished their rest.
local ends = NOW + math.max(BOARD_REST, ID_REST)
redis.call('ZADD', ENDS, 'XX', 'LT', ends, ARGV[FIRST])
return redis.call('HEXISTS', IDS, ARGV[FIRST])
