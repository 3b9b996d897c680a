-- Shared by the scripts on one board; follows clock.lua.
--
-- KEYS[1] members  hash: session -> record "place TAB user TAB rrggbb TAB process TAB person TAB
--                  name TAB since"; `place` numbers the members in the order they came, `since` is
--                  the time when they did
-- KEYS[2] graces   sorted set: sessions without a socket, by the end of their grace
-- KEYS[3] leases   sorted set: processes with members on the board, by the end of their lease
-- KEYS[4] rests    hash: user id -> "end of its rest TAB person who had it"
-- KEYS[5] state    hash: version; places (how many were given); reference, of a board that has one
--                  besides its UUID
--
-- Sessions, processes, persons and names arrive escaped: they contain no TAB.

local MEMBERS, GRACES, LEASES, RESTS, STATE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local MAX_USERS, NO_USER = 255, 255
local RECORD = '^(%d+)\t(%d+)\t(%x+)\t([^\t]*)\t([^\t]*)'

local leases = ends_of(LEASES, LEASE)
local graces = ends_of(GRACES, GRACE)

-- Return all members, including those whose time is up. Place and user id stay strings: scripts
-- spend most of their time here, and few need the numbers.
local function read_members()
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

-- Return how long ago a process lost its lease; negative while it holds one.
local function lapsed(process)
  return NOW - (leases[process] or -math.huge)
end

-- Return whether a member's time is up.
local function gone(member)
  return NOW >= (graces[member.session] or math.huge) or lapsed(member.process) >= GRACE
end

-- Return how many people are on the board, and a flat list of the processes that hold a lease and
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

-- Return a flat list of sessions and records.
local function records(members)
  local flat = {}
  for _, member in ipairs(members) do
    flat[#flat + 1] = member.session
    flat[#flat + 1] = member.record
  end
  return flat
end

local function read_version()
  return tonumber(redis.call('HGET', STATE, 'version') or 0)
end

-- Raise the version by one, and return it. An unknown version starts with the clock: that is past
-- every earlier version, as no board changes every microsecond.
local function raise_version()
  local before = read_version()
  local after = before > 0 and before + 1 or NOW
  redis.call('HSET', STATE, 'version', string.format('%.0f', after))
  return after
end

-- Note by which reference the board is known, '' for its UUID.
local function note_reference(reference)
  if reference ~= '' then
    redis.call('HSET', STATE, 'reference', reference)
  end
end

-- Let the board's keys live as long as its members may, and their user ids may rest after that.
local function keep_board()
  local last = redis.call('ZREVRANGE', LEASES, 0, 0, 'WITHSCORES')[2] or NOW
  keep(math.max(last - NOW, 0) + GRACE + ID_REST)
end

-- Note the end of a process's lease; '' if it is unknown.
local function note_lease(process, ends)
  if ends ~= '' then
    redis.call('ZADD', LEASES, 'GT', ends, process)
    leases[process] = math.max(leases[process] or 0, tonumber(ends))
  end
end

-- Forget the leases of processes without members on the board.
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
  redis.call('ZREM', GRACES, member.session)
end

-- Have the user id of a member who is off the board rest.
local function let_rest(member)
  if tonumber(member.user) < MAX_USERS then
    local rest = string.format('%.0f\t%s', NOW + ID_REST, member.person)
    redis.call('HSET', RESTS, member.user, rest)
  end
end

-- Put a member on the board, and append it to the list.
local function put_on(members, session, process, person, name, color, user, since)
  local place = redis.call('HINCRBY', STATE, 'places', 1)
  local record = table.concat({place, user, color, process, person, name, since}, '\t')
  redis.call('HSET', MEMBERS, session, record)
  members[#members + 1] = {
    session = session, record = record, place = place,
    user = user, color = color, process = process, person = person,
  }
end

-- Return the user ids at rest as a table: user id -> person who had it. Forgets finished rests.
local function read_rests()
  local found = {}
  local flat = redis.call('HGETALL', RESTS)
  for i = 1, #flat, 2 do
    local ends, person = string.match(flat[i + 1], '^(%d+)\t(.*)$')
    -- A rest that ends much later was noted before the clock was set back.
    if tonumber(ends) > NOW and tonumber(ends) <= NOW + ID_REST + SPARE then
      found[tonumber(flat[i])] = person
    else
      redis.call('HDEL', RESTS, flat[i])
    end
  end
  return found
end

-- Return a table of the user ids that members hold.
local function held_users(members)
  local users = {}
  for _, member in ipairs(members) do
    users[tonumber(member.user)] = true
  end
  return users
end

-- Return the lowest user id that is neither held nor at rest.
local function free_user(held, rests)
  for user = 0, MAX_USERS - 1 do
    if not held[user] and not rests[user] then
      return user
    end
  end
  return NO_USER
end

-- Return the persons who are among `went` and not among `stay`.
local function persons_left(went, stay)
  local here, left = {}, {}
  for _, member in ipairs(stay) do
    here[member.person] = true
  end
  for _, member in ipairs(went) do
    if not here[member.person] then
      left[#left + 1] = member.person
    end
  end
  return left
end

-- Take the members off the board for which `goes` returns true. Returns the version, how many
-- people remain, 1 if this took the last member, sessions and records of the members it took, and
-- the persons whose last session it took.
local function depart(goes)
  local stay, went = {}, {}
  for _, member in ipairs(read_members()) do
    local side = goes(member) and went or stay
    side[#side + 1] = member
  end
  for _, member in ipairs(went) do
    take_off(member)
    let_rest(member)
  end
  local version = read_version()
  if #went > 0 then
    version = raise_version()
    forget_leases(stay)
    keep_board()
  end
  local emptied = #went > 0 and #stay == 0
  local people = census(stay)
  return {version, people, emptied and 1 or 0, records(went), persons_left(went, stay)}
end
