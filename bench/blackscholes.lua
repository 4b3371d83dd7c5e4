local n, rounds, base = 200000, 10, 0.02
local exp, log, sqrt, max = math.exp, math.log, math.sqrt, math.max
local price, strike, years, sigma, call, put = {}, {}, {}, {}, {}, {}
for i = 0, n - 1 do
  price[i] = 50 + i * 7919 % 10007 * 0.01
  strike[i] = 60 + i * 104729 % 8009 * 0.01
  years[i] = 0.25 + i * 1299709 % 3001 * 0.001
  sigma[i] = 0.1 + i * 15485863 % 4001 * 0.0001
end
local function normal(x) return 1 / (1 + exp(x * (-1.5976 - 0.07056 * x * x))) end
local total = 0
for r = 0, rounds - 1 do
  local rate = base + r * 0.001
  for i = 0, n - 1 do
    local s, k, t = price[i], strike[i], years[i]
    local spread = sigma[i] * sqrt(t)
    local d1 = (log(s / k) + (rate + sigma[i] * sigma[i] / 2) * t) / spread
    local later = k * exp(-rate * t)
    local c = s * normal(d1) - later * normal(d1 - spread)
    call[i], put[i] = c, c + later - s
  end
  local top, sum = 0, 0
  for i = 0, n - 1 do top = max(top, call[i]) end
  for i = 0, n - 1 do sum = sum + exp(call[i] - top) end
  total = total + top + log(sum) + put[r]
end
print(string.format("%.9g", total))
