#!lua name=rcu_cells_v1
-- One key, one function. A cell is 8 bytes of version, big endian, and the value.

-- KEYS[1] cell; ARGV[1] expected version (8 bytes of zero: absent), ARGV[2] next version, ARGV[3] value. 1 = written, 0 = conflict.
local function put(keys, args)
  local stored = redis.call('GETRANGE', keys[1], 0, 7)
  if stored == '' then
    stored = '\0\0\0\0\0\0\0\0'
  end
  if stored ~= args[1] then
    return 0
  end
  redis.call('SET', keys[1], args[2] .. args[3])
  return 1
end

-- KEYS[1] cell; ARGV[1] expected version. 1 = gone, 0 = conflict.
local function drop(keys, args)
  local stored = redis.call('GETRANGE', keys[1], 0, 7)
  if stored ~= '' and stored ~= args[1] then
    return 0
  end
  redis.call('DEL', keys[1])
  return 1
end

-- KEYS[1] counter; ARGV[1] by how much it moves at least. Never a number that was given before, also by a server that lost its last
-- seconds: never below the microseconds of the clock.
local function count(keys, args)
  local t = redis.call('TIME')
  local number = math.max(tonumber(redis.call('GET', keys[1]) or '0') + tonumber(args[1]), t[1] * 1000000 + t[2])
  redis.call('SET', keys[1], string.format('%.0f', number))
  return number
end

redis.register_function('rcu_cell_put_v1', put)
redis.register_function('rcu_cell_drop_v1', drop)
redis.register_function('rcu_count_v1', count)
