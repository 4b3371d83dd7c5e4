local seed, inside, n = 42, 0, 20000000
for _ = 1, n do
  seed = (seed * 3877 + 29573) % 139968
  local x = seed / 139968
  seed = (seed * 3877 + 29573) % 139968
  local y = seed / 139968
  if x * x + y * y <= 1 then inside = inside + 1 end
end
print(string.format("%.6f", 4 * inside / n))
