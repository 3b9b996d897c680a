-- Begins the rest of an empty board's id.
--
-- KEYS  as registry.lua says
-- ARGV  after those of clock.lua: board
-- Returns 1 where the board holds an id, else 0.

-- The id must outlast those of the board's user ids: what is known of the board is forgotten whole.
local ends = NOW + math.max(BOARD_REST, ID_REST)
redis.call('ZADD', ENDS, 'XX', 'LT', ends, ARGV[FIRST])
return redis.call('HEXISTS', IDS, ARGV[FIRST])
