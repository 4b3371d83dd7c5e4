local bit = require("bit")
local band, bor, bnot, bxor, lshift, rshift = bit.band, bit.bor, bit.bnot, bit.bxor, bit.lshift, bit.rshift
local function queens(all, columns, left, right)
  if columns == all then return 1 end
  local free, count = band(all, bnot(bor(columns, left, right))), 0
  while free ~= 0 do
    local one = band(free, -free)
    free = bxor(free, one)
    count = count + queens(all, bor(columns, one), lshift(bor(left, one), 1), rshift(bor(right, one), 1))
  end
  return count
end
print(queens(lshift(1, 13) - 1, 0, 0, 0))
