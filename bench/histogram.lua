local n, values, seed = 5000000, {}, 1
for i = 1, n do
  seed = (seed * 3877 + 29573) % 139968
  values[i] = seed % 256
end
local counts = {}
for i = 0, 255 do counts[i] = 0 end
for r = 1, 20 do
  for i = 1, n do counts[values[i]] = counts[values[i]] + 1 end
end
print(counts[0], counts[17], counts[255])
