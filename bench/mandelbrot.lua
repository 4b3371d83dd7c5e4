local size, limit, total = 1200, 200, 0
for y = 0, size - 1 do
  local ci, inside = 2 * y / size - 1, 0
  for x = 0, size - 1 do
    local cr, zr, zi, tr, ti, n = 2 * x / size - 1.5, 0, 0, 0, 0, 0
    while n < limit and tr + ti <= 4 do
      zi = 2 * zr * zi + ci
      zr = tr - ti + cr
      tr, ti, n = zr * zr, zi * zi, n + 1
    end
    if n == limit then inside = inside + 1 end
  end
  total = total + inside
end
print(total)
