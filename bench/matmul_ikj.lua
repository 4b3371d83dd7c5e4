local n, a, b, c = 512, {}, {}, {}
for i = 0, n - 1 do
  a[i], b[i], c[i] = {}, {}, {}
  for j = 0, n - 1 do
    a[i][j] = (i + j) % 7 / 8
    b[i][j] = (i * j) % 5 / 4
    c[i][j] = 0
  end
end
for i = 0, n - 1 do
  local row, out = a[i], c[i]
  for k = 0, n - 1 do
    local x, other = row[k], b[k]
    for j = 0, n - 1 do out[j] = out[j] + x * other[j] end
  end
end
print(string.format("%.6f %.6f", c[1][3], c[n - 1][n - 2]))
