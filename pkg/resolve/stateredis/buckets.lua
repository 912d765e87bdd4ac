#!lua name=rcu_buckets_v1
-- Small values lie many to a hash, each under a short digest of its key. A value longer than a piece goes on in fields of the same name
-- with a number behind it; a piece that is not full is the last. Fields are never deleted, so a bucket that was full once is full for good.

local piece = 64  -- bytes: what Redis keeps in a packed hash by default

-- The name of a value's n-th further piece.
local function further(field, n)
  if n < 256 then
    return field .. string.char(n)
  end
  return field .. string.char(math.floor(n / 256), n % 256)
end

local function read(key, field)
  local v = redis.call('HGET', key, field)
  if not v or #v < piece then
    return v
  end
  local parts = {v}
  while #v == piece do
    v = redis.call('HGET', key, further(field, #parts)) or ''
    parts[#parts + 1] = v
  end
  return table.concat(parts)
end

local function write(key, field, value)
  local name, n = field, 0
  for at = 1, #value + 1, piece do
    redis.call('HSET', key, name, string.sub(value, at, at + piece - 1))
    n = n + 1
    name = further(field, n)
  end
end

-- Empties the further pieces of a value from the n-th on: what was longer before must not lie there for good. Fields are never deleted.
local function blank(key, field, n)
  while redis.call('HEXISTS', key, further(field, n)) == 1 do
    redis.call('HSET', key, further(field, n), '')
    n = n + 1
  end
end

-- KEYS[1] bucket; ARGV[1] field. The whole value.
local function get(keys, args)
  return read(keys[1], args[1])
end

-- KEYS[1] bucket; ARGV[1] field, ARGV[2] fields that the bucket has room for, ARGV[3] expected version ('' = absent), ARGV[4] next
-- version and value.
-- 1 = written, 0 = conflict, 2 = not here: look in the next level.
local function put(keys, args)
  local stored = redis.call('HGET', keys[1], args[1])
  if stored then
    if args[3] == '' or string.sub(stored, 1, #args[3]) ~= args[3] then
      return 0
    end
  elseif args[3] ~= '' or redis.call('HLEN', keys[1]) >= tonumber(args[2]) then
    return 2
  end
  write(keys[1], args[1], args[4])
  if stored and #stored == piece then
    blank(keys[1], args[1], math.floor(#args[4] / piece) + 1)
  end
  return 1
end

-- KEYS[1] bucket; ARGV[1] field, ARGV[2] unused, ARGV[3] expected version, ARGV[4] next version, which is all that is left.
-- 1 = cleared, 0 = conflict, 2 = not here: look in the next level.
local function clear(keys, args)
  local stored = redis.call('HGET', keys[1], args[1])
  if not stored then
    return 2
  end
  if string.sub(stored, 1, #args[3]) ~= args[3] then
    return 0
  end
  write(keys[1], args[1], args[4])
  blank(keys[1], args[1], 1)
  return 1
end

-- KEYS[1] bucket; ARGV[1] field, ARGV[2] fields that the bucket has room for; then pairs of controller and leaf (16 bytes) to list. A value is a row of entries: the length of a
-- controller and its text, or 0 for the one before; and the leaf. 255 says that the rest is listed elsewhere.
-- 1 = all are listed, 2 = not here: look in the next level, 3 = there are too many for a bucket.
local function add(keys, args)
  local value = read(keys[1], args[1])
  if not value then
    if redis.call('HLEN', keys[1]) >= tonumber(args[2]) then
      return 2
    end
    value = ''
  end
  local known, controller, at, full = {}, '', 1, false
  while at <= #value do
    local n = string.byte(value, at)
    if n == 255 then
      full = true
      break
    end
    if n > 0 then
      controller = string.sub(value, at + 1, at + n)
    end
    known[controller .. '\0' .. string.sub(value, at + n + 1, at + n + 16)] = true
    at = at + n + 17
  end
  local before, missing = #value, false
  for i = 3, #args, 2 do
    local c, leaf = args[i], args[i + 1]
    if not known[c .. '\0' .. leaf] then
      if full or #value > 512 then
        missing = true
      else
        known[c .. '\0' .. leaf] = true
        value = value .. (c == controller and #value > 0 and '\0' or string.char(#c) .. c) .. leaf
        controller = c
      end
    end
  end
  if missing and not full then
    value = value .. '\255'
  end
  if #value > before then
    write(keys[1], args[1], value)
  end
  return missing and 3 or 1
end

-- KEYS[1] bucket; ARGV[1] field, ARGV[2] unused; then pairs of controller and leaf to take out of the list.
-- 1 = none of them is listed here, 2 = not here: look in the next level, 3 = nor is any here, and there is more elsewhere.
local function remove(keys, args)
  local value = read(keys[1], args[1])
  if not value then
    return 2
  end
  local unwanted, kept = {}, {}
  for i = 3, #args, 2 do
    unwanted[args[i] .. '\0' .. args[i + 1]] = true
  end
  local controller, said, at, full = '', '', 1, false
  while at <= #value do
    local n = string.byte(value, at)
    if n == 255 then
      full = true
      break
    end
    if n > 0 then
      controller = string.sub(value, at + 1, at + n)
    end
    local leaf = string.sub(value, at + n + 1, at + n + 16)
    if not unwanted[controller .. '\0' .. leaf] then
      kept[#kept + 1] = (controller == said and '\0' or string.char(#controller) .. controller) .. leaf
      said = controller
    end
    at = at + n + 17
  end
  local left = table.concat(kept) .. (full and '\255' or '')
  if #left < #value then
    write(keys[1], args[1], left)
    blank(keys[1], args[1], math.floor(#left / piece) + 1)
  end
  return full and 3 or 1
end

-- KEYS[1] number of levels of a kind; ARGV[1] at least so many.
local function raise(keys, args)
  local held = tonumber(redis.call('GET', keys[1]) or '1')
  if held < tonumber(args[1]) then
    redis.call('SET', keys[1], args[1])
  end
  return 1
end

redis.register_function{function_name = 'rcu_bucket_get_v1', callback = get, flags = {'no-writes'}}
redis.register_function('rcu_bucket_put_v1', put)
redis.register_function('rcu_bucket_add_v1', add)
redis.register_function('rcu_bucket_clear_v1', clear)
redis.register_function('rcu_bucket_remove_v1', remove)
redis.register_function('rcu_bucket_raise_v1', raise)
