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

redis.register_function('rcu_cell_put_v1', put)
