-- The text in base64url without padding. By arithmetic: not every engine has a bit library.
local function base64url(text)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  local digits = {}
  for at = 1, #text, 3 do
    local first, second, third = text:byte(at, at + 2)
    local bits = first * 65536 + (second or 0) * 256 + (third or 0)
    for place = 1, (third and 4) or (second and 3) or 2 do
      local digit = math.floor(bits / 2 ^ (24 - 6 * place)) % 64 + 1
      digits[#digits + 1] = alphabet:sub(digit, digit)
    end
  end
  return table.concat(digits)
end
