-- What the scripts on one board share; it follows clock.lua.
--
-- KEYS[1] members  hash: session -> record, "place TAB user TAB rrggbb TAB process TAB person TAB
--                  name TAB since"; `place` numbers members in the order they came, `since` is when
-- KEYS[2] broken   sorted set: session by the end of its grace
-- KEYS[3] leases   sorted set: process by the end of its lease; those with members here only
-- KEYS[4] resting  hash: user id -> "end of its rest TAB whose it was"
-- KEYS[5] state    hash: version, places (how many were given)
--
-- Sessions, processes, persons and names come escaped: no TAB is in them.

local MEMBERS, BROKEN, LEASES, RESTING, STATE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local MAX_USERS, NO_USER = 255, 255
local RECORD = '^(%d+)\t(%d+)\t(%x+)\t([^\t]*)\t([^\t]*)'

local leases = bounded(LEASES, LEASE)
local broken = bounded(BROKEN, GRACE)

-- Return every member, also those whose time is up. Their place and user id are digits: this is
-- where the scripts spend their time, and few ask for the numbers.
local function everybody()
  local members, match = {}, string.match
  local flat = redis.call('HGETALL', MEMBERS)
  for i = 1, #flat, 2 do
    local place, user, color, process, person = match(flat[i + 1], RECORD)
    members[(i + 1) / 2] = {
      session = flat[i], record = flat[i + 1], place = place,
      user = user, color = color, process = process, person = person,
    }
  end
  return members
end

local function lapsed(process)
  return NOW - (leases[process] or -math.huge)
end

local function gone(member)
  return NOW >= (broken[member.session] or math.huge) or lapsed(member.process) >= GRACE
end

-- Return how many people are here, and the processes that hold a lease as a flat list of names and
-- how many members each has.
local function census(members)
  local persons, people, counted, processes = {}, 0, {}, {}
  for _, member in ipairs(members) do
    if not gone(member) then
      if not persons[member.person] then
        persons[member.person] = true
        people = people + 1
      end
      counted[member.process] = (counted[member.process] or 0) + 1
    end
  end
  for process, number in pairs(counted) do
    if lapsed(process) < 0 then
      processes[#processes + 1] = process
      processes[#processes + 1] = number
    end
  end
  return people, processes
end

-- Return sessions and records as a flat list.
local function records(members)
  local flat = {}
  for _, member in ipairs(members) do
    flat[#flat + 1] = member.session
    flat[#flat + 1] = member.record
  end
  return flat
end

local function version()
  return tonumber(redis.call('HGET', STATE, 'version') or 0)
end

-- Raise the version by one. Where it is not known it begins with the clock, which is past every
-- version there was: a board does not change every microsecond.
local function changed()
  local before = version()
  local after = before > 0 and before + 1 or NOW
  redis.call('HSET', STATE, 'version', string.format('%.0f', after))
  return after
end

-- Let the board's keys live as long as somebody on it may, and as user ids may rest after that.
local function keep_board()
  local last = redis.call('ZREVRANGE', LEASES, 0, 0, 'WITHSCORES')[2] or NOW
  keep(math.max(last - NOW, 0) + GRACE + ID_REST)
end

-- Note until when a process holds its lease; '' where that is not known.
local function lease(process, until_)
  if until_ ~= '' then
    redis.call('ZADD', LEASES, 'GT', until_, process)
    leases[process] = math.max(leases[process] or 0, tonumber(until_))
  end
end

-- Forget the leases of processes that have nobody here.
local function forget_leases(members)
  local used = {}
  for _, member in ipairs(members) do
    used[member.process] = true
  end
  for process in pairs(leases) do
    if not used[process] then
      redis.call('ZREM', LEASES, process)
    end
  end
end

local function take_off(member)
  redis.call('HDEL', MEMBERS, member.session)
  redis.call('ZREM', BROKEN, member.session)
end

-- Put a member on the board and into the list.
local function put_on(members, session, process, person, name, color, user, since)
  local place = redis.call('HINCRBY', STATE, 'places', 1)
  local record = table.concat({place, user, color, process, person, name, since}, '\t')
  redis.call('HSET', MEMBERS, session, record)
  members[#members + 1] = {
    session = session, record = record, place = place,
    user = user, color = color, process = process, person = person,
  }
end

-- Return the user ids at rest: user id -> whose it was. Forgets the rests that are over.
local function resting()
  local found = {}
  local flat = redis.call('HGETALL', RESTING)
  for i = 1, #flat, 2 do
    local ends, person = string.match(flat[i + 1], '^(%d+)\t(.*)$')
    -- One that ends much later was noted before the clock was set back.
    if tonumber(ends) > NOW and tonumber(ends) <= NOW + ID_REST + SPARE then
      found[tonumber(flat[i])] = person
    else
      redis.call('HDEL', RESTING, flat[i])
    end
  end
  return found
end

local function held(members)
  local users = {}
  for _, member in ipairs(members) do
    users[tonumber(member.user)] = true
  end
  return users
end

-- Return the lowest user id that is neither held nor resting.
local function free_user(users, rests)
  for user = 0, MAX_USERS - 1 do
    if not users[user] and not rests[user] then
      return user
    end
  end
  return NO_USER
end

-- Return the persons among `went` of whom nobody is among `stay`.
local function persons_gone(went, stay)
  local here, gone_ = {}, {}
  for _, member in ipairs(stay) do
    here[member.person] = true
  end
  for _, member in ipairs(went) do
    if not here[member.person] then
      gone_[#gone_ + 1] = member.person
    end
  end
  return gone_
end

-- Take those members off the board of whom `goes` is true. Returns the version, how many people
-- remain, 1 where the last member went, sessions and records of those who went, and the persons
-- who went with the last of their sessions.
local function depart(goes)
  local stay, went = {}, {}
  for _, member in ipairs(everybody()) do
    local side = goes(member) and went or stay
    side[#side + 1] = member
  end
  for _, member in ipairs(went) do
    take_off(member)
    if tonumber(member.user) < MAX_USERS then
      local rest = string.format('%.0f\t%s', NOW + ID_REST, member.person)
      redis.call('HSET', RESTING, member.user, rest)
    end
  end
  local now_at = version()
  if #went > 0 then
    now_at = changed()
    forget_leases(stay)
    keep_board()
  end
  local emptied = #went > 0 and #stay == 0
  local people = census(stay)
  return {now_at, people, emptied and 1 or 0, records(went), persons_gone(went, stay)}
end
