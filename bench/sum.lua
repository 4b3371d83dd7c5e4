local n, xs, total = 5000000, {}, 0
for i = 1, n do xs[i] = (i - 1) % 1000 / 8 end
for _ = 1, 20 do
  local s = 0
  for i = 1, n do s = s + xs[i] end
  total = total + s
end
print(string.format("%.3f", total))
