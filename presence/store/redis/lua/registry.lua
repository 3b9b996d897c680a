-- Shared by the scripts on the registry of board ids; follows clock.lua.
--
-- KEYS[1] ids    hash: board -> board id
-- KEYS[2] taken  hash: board id -> the board that owns it; boards that share an id are not in here
-- KEYS[3] ends   sorted set: boards, by when they lose their id
--
-- Boards are 32 hexadecimal digits.

local IDS, TAKEN, ENDS = KEYS[1], KEYS[2], KEYS[3]
