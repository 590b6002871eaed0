-- Whether one text comes before another by bytes. Lua's own `<` goes by the server's locale.
local function comes_before(left, right)
  local from = 1
  while from <= #left and left:sub(from, from + 63) == right:sub(from, from + 63) do
    from = from + 64
  end
  for at = from, math.min(#left, #right) do
    local a, b = left:byte(at), right:byte(at)
    if a ~= b then
      return a < b
    end
  end
  return #left < #right
end
