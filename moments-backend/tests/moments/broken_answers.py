"""Answers that models really give, or could: text, and how many moments are in it, or the code of the error it deserves.

The recording they are about is 200 seconds long. `VALID` has a moment at 10 to 40 and one at 50 to 80.
"""

from __future__ import annotations

A = '{"start_time": 10, "end_time": 40, "title": "First", "score": 0.9, "reason": "good"}'
B = '{"start_time": 50, "end_time": 80, "title": "Second", "score": 0.5, "reason": "fine"}'
VALID = f"[{A}, {B}]"
BAD = "model_bad_answer"


def _row(start: str, end: str, title: str = '"T"') -> str:
    return f'[{{"start_time": {start}, "end_time": {end}, "title": {title}}}]'


ANSWERS: dict[str, tuple[str, int | str]] = {
    # well-formed in another dress
    "plain": (VALID, 2),
    "bom": ("\ufeff" + VALID, 2),
    "fenced": (f"```json\n{VALID}\n```", 2),
    "fenced_no_language": (f"```\n{VALID}\n```", 2),
    "fenced_crlf": (f"```json\r\n{VALID}\r\n```\r\n", 2),
    "fence_never_closed": (f"```json\n{VALID}\n", 2),
    "prose_before": (f"Here are the moments you asked for:\n\n{VALID}", 2),
    "prose_after": (f"{VALID}\n\nLet me know if you need more!", 2),
    "prose_with_brackets": (f"I looked at lines [1] to [20] (see [3]):\n{VALID}", 2),
    "prose_with_open_bracket": (f"Notes [unfinished:\n```json\n{VALID}\n```", 2),
    "prose_with_quote": (f'The "best bits", 5" long: {VALID} "enjoy', 2),
    "thinking": (f"<think>maybe {{'start_time': 1}} or [1, 2]</think>{VALID}", 2),
    "thinking_with_json": (f'<think>[{{"start_time": 1, "end_time": 9, "title": "no"}}]</think>\n{VALID}', 2),
    "thinking_without_opening": (f"hmm, I take [{A}] ... no.\n</think>\n\n{VALID}", 2),
    "quotes_the_format_first": (f'Format: {{"start_time": 0, "end_time": 1, "title": "x"}}\nAnswer:\n{VALID}', 2),
    "object_moments": (f'{{"moments": {VALID}}}', 2),
    "object_other_name": (f'{{"language": "en", "highlights": {VALID}}}', 2),
    "object_nested": (f'{{"result": {{"moments": {VALID}}}}}', 2),
    "single_object": (A, 1),
    "list_in_list": (f"[{VALID}]", 2),
    "json_lines": (f"{A}\n{B}\n", 2),
    "empty_array": ("[]", 0),
    "empty_array_in_object": ('{"moments": []}', 0),
    "empty_array_with_words": ("Nothing fits: []", 0),
    "overview_shape": ('[{"start_time": 10.5, "end_time": 45.2, "title": "Introduction to the topic"}]', 1),
    "pretty_printed": (VALID.replace(", ", ",\n   "), 2),
    "escaped_unicode": (_row("1", "20", '"caf\\u00e9"'), 1),
    "extra_fields": (f'[{A[:-1]}, "tags": ["a", {{"b": 1}}], "end": null}}]', 1),
    # small faults
    "trailing_comma": (f"[{A}, {B},]", 2),
    "missing_comma": (f"[{A} {B}]", 2),
    "single_quotes": (VALID.replace('"', "'"), 2),
    "python_literals": ("[{'start_time': 10, 'end_time': 40, 'title': None, 'score': True}]", 1),
    "unquoted_keys": ('[{start_time: 10, end_time: 40, title: "T"}]', 1),
    "comments": (f"[\n// the best\n{A},\n/* next */\n{B}\n]", 2),
    "newline_in_string": (_row("10", "40", '"two\nlines"'), 1),
    "tab_in_string": (_row("10", "40", '"a\tb"'), 1),
    "inner_quotes": (_row("10", "40", '"he said "no" twice"'), 1),
    "smart_quotes": ("[{“start_time”: 10, “end_time”: 40, “title”: “T”}]", 1),
    "one_bracket_too_many": (VALID + "]", 2),
    "one_brace_too_many": (f"[{A}}}, {B}]", 2),
    "plus_sign": (_row("+10", "40"), 1),
    # times
    "clock": (_row('"0:10"', '"1:30"'), 1),
    "clock_hours": (_row('"00:00:10.5"', '"00:01:30,250"'), 1),
    "seconds_with_unit": (_row('"10s"', '"40.5 seconds"'), 1),
    "minutes_and_seconds": (_row('"0m10s"', '"1m 30s"'), 1),
    "numbers_as_text": (_row('"10"', '" 40.0 "'), 1),
    "end_beyond_duration": (_row("150", "205"), 1),
    "start_slightly_negative": (_row("-0.5", "20"), 1),
    "duplicate_rows": (f"[{A}, {A}, {A}]", 1),
    "one_good_row_of_many": (f'[{{"start_time": "soon"}}, 7, null, "x", [], {{}}, {A}]', 1),
    "nan": (_row("NaN", "40"), BAD),
    "infinity": (_row("10", "Infinity"), BAD),
    "huge_number": (_row("1e400", "40"), BAD),
    "huge_integer": (_row("10", "9" * 400), BAD),
    "integer_of_5000_digits": (_row("10", "9" * 5000), BAD),
    "negative": (_row("-50", "-10"), BAD),
    "end_before_start": (_row("40", "10"), BAD),
    "no_length": (_row("40", "40"), BAD),
    "beyond_duration": (_row("300", "340"), BAD),
    "far_beyond_duration": (_row("190", "4000"), BAD),
    "milliseconds": (_row("10000", "40000"), BAD),
    "booleans": (_row("true", "false"), BAD),
    "null_times": (_row("null", "null"), BAD),
    "list_times": (_row("[10]", "[40]"), BAD),
    "words_for_times": (_row('"ten"', '"forty"'), BAD),
    "clock_with_90_seconds": (_row('"0:10"', '"0:90"'), BAD),
    "missing_end": ('[{"start_time": 10, "title": "T"}]', BAD),
    "missing_start": ('[{"end_time": 10, "title": "T"}]', BAD),
    "other_keys": ('[{"start": 10, "end": 40, "title": "T"}]', 1),
    # nothing to read
    "empty": ("", BAD),
    "blank": (" \n\t ", BAD),
    "refusal": ("I'm sorry, but I can't help with that.", BAD),
    "null": ("null", BAD),
    "number": ("42", BAD),
    "text": ('"none"', BAD),
    "numbers": ("[1, 2, 3]", BAD),
    "empty_object": ("{}", BAD),
    "html": ("<!DOCTYPE html><html><body>502 Bad Gateway<script>var a = [{}];</script></body></html>", BAD),
    "html_lower_case": ("\n <html><head></head></html>", BAD),
    "xml": ("<?xml version='1.0'?><moments/>", BAD),
    "error_object": ('{"error": {"message": "overloaded", "type": "server_error"}}', BAD),
    "two_lists": (f'{{"a": {VALID}, "b": {VALID}}}', BAD),
    "thinking_only": ("<think>I should answer with an array of moments", BAD),
    "zero_bytes": ("\x00\x00\x00", BAD),
    "surrogates": ("\ud800\udfff [", BAD),
    "deep_list": ("[" * 50_000, BAD),
    "deep_list_closed": ("[" * 50_000 + "]" * 50_000, BAD),
    "deep_object": ('{"a":' * 50_000, BAD),
    "many_quotes": ('"' * 200_000, BAD),
    "many_thinking_tags": ("<think>" * 50_000, BAD),
    "many_fences": ("```" * 100_000, BAD),
    "many_backslashes": ('["' + "\\" * 200_000, BAD),
    "a_megabyte_of_prose": ("lorem ipsum " * 100_000, BAD),
    # cut off, without the server saying so: what is whole counts, the last row does not
    "truncated_in_number": (f'[{A}, {{"start_time": 50, "end_time": 8', 1),
    "truncated_in_title": (f'[{A}, {{"start_time": 50, "end_time": 80, "title": "Sec', 1),
    "truncated_in_key": (f'[{A}, {{"start_t', 1),
    "truncated_after_comma": (f"[{A}, {B},", 1),
    "truncated_in_object": (f'{{"moments": [{A}, {{"start_time": 50', 1),
    "truncated_first_row": ('[{"start_time": 10, "end_time": 4', BAD),
}
