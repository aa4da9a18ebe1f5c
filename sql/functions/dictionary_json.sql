-- A dictionary as the logger wrote it, as JSON; NULL when it is neither JSON nor a Python literal.
-- The logger writes str(dict): single quotes, None, True. The text is cut into quoted strings and
-- what lies between; each is translated by itself. chr(57344), which str(dict) never leaves bare,
-- stands for a doubled backslash meanwhile.
create or replace macro dictionary_json(cell) as
case
    when json_valid(cell) then cast(cell as json)
    else try_cast(
        list_aggregate(
            list_transform(
                regexp_extract_all(cell, '''(?:[^''\\]|\\.)*''|"(?:[^"\\]|\\.)*"|[^''"]+'),
                lambda part: case
                    when part[1] = '''' then '"' || replace(python_escapes_json(part[2:-2]), '"', '\"') || '"'
                    when part[1] = '"' then '"' || python_escapes_json(part[2:-2]) || '"'
                    else python_words_json(part)
                end
            ),
            'string_agg', ''
        ) as json
    )
end;
