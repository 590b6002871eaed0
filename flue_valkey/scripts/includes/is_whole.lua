-- Whether a text that was read is a whole number, not negative, and small enough for arithmetic.
local function is_whole(text)
  return text and #text <= 16 and text:find("^%d+$") ~= nil
end
