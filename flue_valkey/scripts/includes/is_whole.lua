-- Whether a text that was read is a whole number.
local function is_whole(text)
  return text and text:find("^%-?%d+$") ~= nil
end
