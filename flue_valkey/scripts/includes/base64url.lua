-- The text in base64url without padding. By arithmetic: not every engine has a bit library.
local base64url_digits = {
  string.byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 1, -1)
}
local function base64url(text)
  local digit, char, groups = base64url_digits, string.char, {}
  for at = 1, #text, 3 do
    local first, second, third = text:byte(at, at + 2)
    local low = first % 4
    local group
    if third then
      local middle, last = second % 16, third % 64
      group = char(digit[(first - low) / 4 + 1], digit[low * 16 + (second - middle) / 16 + 1],
        digit[middle * 4 + (third - last) / 64 + 1], digit[last + 1])
    elseif second then
      local middle = second % 16
      group = char(digit[(first - low) / 4 + 1], digit[low * 16 + (second - middle) / 16 + 1], digit[middle * 4 + 1])
    else
      group = char(digit[(first - low) / 4 + 1], digit[low * 16 + 1])
    end
    groups[#groups + 1] = group
  end
  return table.concat(groups)
end
