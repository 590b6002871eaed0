-- A field of a flat list of fields, or nil; of a type's name nil.
local function field_of(fields, name)
  if type(fields) == "table" then
    for at = 1, #fields, 2 do
      if fields[at] == name then
        return fields[at + 1]
      end
    end
  end
end
