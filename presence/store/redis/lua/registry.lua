-- What the scripts on the registry of boards share; it follows clock.lua.
--
-- KEYS[1] ids    hash: board -> board id
-- KEYS[2] taken  hash: board id -> the board that holds it; not those that share an id
-- KEYS[3] ends   sorted set: board by when it holds its id no longer
--
-- Boards are 32 hexadecimal digits.

local IDS, TAKEN, ENDS = KEYS[1], KEYS[2], KEYS[3]
