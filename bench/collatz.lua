local longest, start = 0, 0
for n = 1, 999999 do
  local x, steps = n, 1
  while x ~= 1 do
    if x % 2 == 0 then x = x / 2 else x = 3 * x + 1 end
    steps = steps + 1
  end
  if steps > longest then longest, start = steps, n end
end
print(start, longest)
