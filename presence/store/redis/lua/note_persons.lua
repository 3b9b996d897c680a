-- Notes where persons are, session by session (`Store.whereabouts`).
--
-- KEYS  for each session those of its person, see persons.lua
-- ARGV  after those of clock.lua: how long a person counts as seen, and how many do; then
--       for each session person, session, what happened, and a detail:
--         "here"   it is on a board; "process TAB board TAB reference"
--         "back"   it was put back on a board, so that a grace which is over does not count
--         "grace"  its grace began; how long that is
--         "left"   it is off its board
--         "lost"   so it is, but its person was not there any more
-- Returns nothing.

local SEEN_FOR, MAX_SEEN = tonumber(ARGV[FIRST]), tonumber(ARGV[FIRST + 1])
local RECORD = '^(%d+)\t(%d+)\t(.*)$'

local function expire(key, duration)
  redis.call('PEXPIRE', key, math.ceil((duration + SPARE) / 1000))
end

-- Write the record of a session, and drop those that do not count any more.
local function note_here(sessions, session, detail, back)
  local ends, flat = '0', redis.call('HGETALL', sessions)
  for i = 1, #flat, 2 do
    local noted, grace_end = string.match(flat[i + 1], RECORD)
    if flat[i] == session then
      ends = back and tonumber(grace_end) <= NOW and '0' or grace_end
    elseif NOW - noted > HOLD then
      redis.call('HDEL', sessions, flat[i])
    end
  end
  redis.call('HSET', sessions, session, string.format('%.0f\t%s\t%s', NOW, ends, detail))
  expire(sessions, HOLD)
end

local function note_grace(sessions, session, duration)
  local noted, ends, rest = string.match(redis.call('HGET', sessions, session) or '', RECORD)
  if ends == '0' then
    local record = string.format('%s\t%.0f\t%s', noted, NOW + duration, rest)
    redis.call('HSET', sessions, session, record)
  end
end

local changed = {}
for i = 1, #KEYS / 2 do
  local sessions, seen = KEYS[2 * i - 1], KEYS[2 * i]
  local person, session, what, detail = unpack(ARGV, FIRST + 4 * i - 2, FIRST + 4 * i + 1)
  if what == 'here' or what == 'back' then
    note_here(sessions, session, detail, what == 'back')
  elseif what == 'grace' then
    note_grace(sessions, session, detail)
  else
    redis.call('HDEL', sessions, session)
  end
  if what ~= 'lost' then
    redis.call('ZADD', seen, NOW, person)
    changed[seen] = true
  end
end

for seen in pairs(changed) do
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', NOW - SEEN_FOR)
  for _, person in ipairs(redis.call('ZRANGE', seen, 0, -1 - MAX_SEEN)) do
    redis.call('ZREM', seen, person)
  end
  expire(seen, SEEN_FOR)
end
