-- Takes every member off a board whose time is up (`Store.reap`). As a script is one step, each of
-- them is in the answer to one process only.
--
-- KEYS  see board.lua
-- ARGV  see clock.lua
-- Returns what `depart` in board.lua does.

return depart(gone)
