#!lua name=rcu_contacts_v1
-- One key, one function. A log is 8 bytes of version, big endian, and the value.

-- KEYS[1] log; ARGV[1] expected version (8 bytes of zero: absent), ARGV[2] next version, ARGV[3] value (empty: none),
-- ARGV[4] milliseconds since 1970 at which it is forgotten. 1 = written, 0 = conflict.
local function put(keys, args)
  local stored = redis.call('GETRANGE', keys[1], 0, 7)
  if stored == '' then
    stored = '\0\0\0\0\0\0\0\0'
  end
  if stored ~= args[1] then
    return 0
  end
  if args[3] == '' then
    redis.call('DEL', keys[1])
  else
    redis.call('SET', keys[1], args[2] .. args[3], 'PXAT', args[4])
  end
  return 1
end

redis.register_function('rcu_contact_put_v1', put)
