-- What stands between the strings of a Python literal, as JSON: None, True, tuples, numbers as keys.
create or replace macro python_words_json(words) as
regexp_replace(
    regexp_replace(
        replace(
            replace(
                replace(regexp_replace(translate(words, '()', '[]'), '\bnan\b|-?\binf\b', 'null', 'g'), 'None', 'null'),
                'True', 'true'
            ),
            'False', 'false'
        ),
        ',(\s*[}\]])', '\1', 'g'
    ),
    '([{,]\s*)(-?[0-9.]+)\s*:', '\1"\2":', 'g'
);
