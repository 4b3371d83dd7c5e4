local function farey(a, b, most)
  if a + b > most then return 0 end
  return 1 + farey(a, a + b, most) + farey(a + b, b, most)
end
print(farey(1, 1, 10000))
