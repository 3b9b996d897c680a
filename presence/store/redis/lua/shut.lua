-- Lets no newcomers onto a board (`Store.shut`).
--
-- KEYS  as board.lua and out.lua say
-- ARGV  after those of clock.lua: for how long
-- Returns 1 where newcomers are kept out now, else 0.

keep_out(NEWCOMERS, ARGV[FIRST])
return is_out(NEWCOMERS) and 1 or 0
