local n, a, b, c = 512, {}, {}, {}
for i = 0, n - 1 do
  for j = 0, n - 1 do
    a[i * n + j] = (i + j) % 7 / 8
    b[i * n + j] = (i * j) % 5 / 4
  end
end
for i = 0, n - 1 do
  for j = 0, n - 1 do
    local s = 0
    for k = 0, n - 1 do s = s + a[i * n + k] * b[k * n + j] end
    c[i * n + j] = s
  end
end
print(string.format("%.6f %.6f", c[n + 3], c[n * n - 2]))
