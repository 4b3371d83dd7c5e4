local n, u, v, t = 1000, {}, {}, {}
local function a(i, j) return 1 / ((i + j) * (i + j + 1) / 2 + i + 1) end
local function times(x, out)
  for i = 0, n - 1 do
    local s = 0
    for j = 0, n - 1 do s = s + a(i, j) * x[j] end
    out[i] = s
  end
end
local function transposed(x, out)
  for i = 0, n - 1 do
    local s = 0
    for j = 0, n - 1 do s = s + a(j, i) * x[j] end
    out[i] = s
  end
end
for i = 0, n - 1 do u[i] = 1 end
for _ = 1, 10 do times(u, t); transposed(t, v); times(v, t); transposed(t, u) end
local vbv, vv = 0, 0
for i = 0, n - 1 do vbv, vv = vbv + u[i] * v[i], vv + v[i] * v[i] end
print(string.format("%.9f", math.sqrt(vbv / vv)))
