-- Closes a board to newcomers for a while (`Store.close_board`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: for how long
-- Returns 1 if the board is closed now, else 0.

ban(NEWCOMERS, ARGV[FIRST])
return is_banned(NEWCOMERS) and 1 or 0
