#!lua name=rcu_graph_v1
-- The graph of one space: all keys lie in one slot. A record is 8 bytes of version, 8 bytes of the clock it was written with
-- (both big endian), and what the planner packed.

-- Draws a number for a field of the meta hash, by at least step, that was never drawn before: a server that lost its last seconds
-- would give numbers twice if it went by what it stored, so a number is never below the microseconds of the clock.
local function draw(meta, field, step)
  local t = redis.call('TIME')
  local held = tonumber(redis.call('HGET', meta, field) or '0')
  local number = math.max(held + step, t[1] * 1000000 + t[2])
  redis.call('HSET', meta, field, string.format('%.0f', number))
  return number
end

-- How many review queues there are; their keys stand behind meta, due and out.
local queues = 4

-- Puts a component into the review queues by its weights, 4 bytes each, big endian; one of 0 takes it out. A queue that is too long loses
-- its lightest.
local function review(keys, component, weights, most)
  for q = 1, queues do
    local weight = 0
    if weights ~= '' then
      weight = struct.unpack('>I4', string.sub(weights, 4 * q - 3, 4 * q))
    end
    if weight == 0 then
      redis.call('ZREM', keys[3 + q], component)
    else
      redis.call('ZADD', keys[3 + q], weight, component)
      if redis.call('ZCARD', keys[3 + q]) > most then
        redis.call('ZPOPMIN', keys[3 + q])
      end
    end
  end
end

-- Commits one plan, or nothing of it.
-- KEYS: meta, due, out, the four review queues, the pointers that must be absent, the records as read, the records to write, the pointers to move, the pointers
-- to delete.
-- ARGV: rules version, now, number of absent pointers, of records read, of records to write, outbox entry ('' = none), most of a review queue;
--   per record read: version (8 bytes), 'g' when it goes, component;
--   per record to write: component, boundary (0 = none), number of pointers to move, packed record, weights in the review queues ('' = in none).
-- Returns the version; 0 = something differs from what was read; -1 = other rules.
local function commit(keys, args)
  if (redis.call('HGET', keys[1], 'rules') or '0') ~= args[1] then
    return -1
  end
  local now, absent, reads, writes = tonumber(args[2]), tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  local most = tonumber(args[7])
  local k, a, stood = 4 + queues, 8, {}
  for _ = 1, absent do
    if redis.call('EXISTS', keys[k]) == 1 then
      return 0
    end
    k = k + 1
  end
  for i = 0, reads - 1 do
    local head = redis.call('GETRANGE', keys[k + i], 0, 15)
    if string.sub(head, 1, 8) ~= args[a + 3 * i] or struct.unpack('>i8', string.sub(head, 9, 16)) > now then
      return 0
    end
    stood[args[a + 3 * i + 2]] = true
  end

  local version = draw(keys[1], 'version', 1)
  local gone, written = {}, {}
  for i = 0, reads - 1 do
    if args[a + 3 * i + 1] == 'g' then
      redis.call('DEL', keys[k + i])
      redis.call('ZREM', keys[2], args[a + 3 * i + 2])
      review(keys, args[a + 3 * i + 2], '', most)
      gone[#gone + 1] = args[a + 3 * i + 2]
    end
  end
  k, a = k + reads, a + 3 * reads
  local m = k + writes
  for _ = 1, writes do
    local component, boundary, moved = args[a], args[a + 1], tonumber(args[a + 2])
    redis.call('SET', keys[k], struct.pack('>i8', version) .. string.sub(args[a + 3], 9))
    local pointer = string.format('%.0f', struct.unpack('>I8', string.sub(component, 9, 16)))
    for _ = 1, moved do
      redis.call('SET', keys[m], pointer)
      m = m + 1
    end
    if boundary ~= '0' then
      redis.call('ZADD', keys[2], boundary, component)
    elseif stood[component] then
      redis.call('ZREM', keys[2], component)
    end
    if stood[component] or args[a + 4] ~= '' then -- a new one is in no queue yet, and has a key that no other had
      review(keys, component, args[a + 4], most)
    end
    written[#written + 1] = component
    k, a = k + 1, a + 5
  end
  for i = m, #keys do
    redis.call('DEL', keys[i])
  end
  if args[6] ~= '' then
    redis.call('XADD', keys[3], '*', 'v', string.format('%.0f', version), 'd', args[6], 'w', table.concat(written), 'g', table.concat(gone))
  end
  return version
end

-- KEYS: meta. ARGV: expected rules version, content. 1 = set, 0 = the version differs.
local function rules(keys, args)
  local held = redis.call('HGET', keys[1], 'rules') or '0'
  if held ~= args[1] then
    return 0
  end
  redis.call('HSET', keys[1], 'rules', string.format('%.0f', tonumber(held) + 1), 'content', args[2])
  return 1
end

-- KEYS: meta. ARGV: field, how many numbers. Returns the last of them.
local function numbers(keys, args)
  return draw(keys[1], args[1], tonumber(args[2]))
end

redis.register_function('rcu_graph_commit_v3', commit)
redis.register_function('rcu_graph_numbers_v1', numbers)
redis.register_function('rcu_graph_rules_v1', rules)
