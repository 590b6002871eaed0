-- Whether one text comes before another by bytes. Lua's own `<` goes by the server's locale.
local function comes_before(left, right)
  for at = 1, math.min(#left, #right) do
    local a, b = left:byte(at), right:byte(at)
    if a ~= b then
      return a < b
    end
  end
  return #left < #right
end
