-- Takes everybody off a board whose time is up (`Store.reap`). As a script is one step, each of
-- them is in the answer to one process only.
--
-- KEYS  as board.lua says
-- ARGV  those of clock.lua
-- Returns what `depart` of board.lua says.

return depart(gone)
