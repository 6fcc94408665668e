"""Each bad thing at some line of a file: it is named, and its neighbours go in."""

import csv
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explanations.delivery_file import MAX_RECORD_BYTES, Refusal, UnreadableFileError
from explanations.recommendation_lines import RecommendationLine, read_recommendations

TASKS = {"music-oneliner", "job-fit"}


def line(external_id: object = "track:1", **fields: Any) -> dict[str, Any]:
    """A good line, with what the test says about it."""
    return {
        "task": "music-oneliner",
        "external_id": external_id,
        "group": "Tiësto",
        "locale": "en",
        "priority": 5,
        "item": {"title": "Ritual", "artist": "Tiësto", "energy": 0.8},
        "audience": {"favourite_subgenres": ["electro house"]},
        **fields,
    }


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in line().items() if name != field}


def ndjson(*lines: object) -> bytes:
    return b"".join(
        (each if isinstance(each, bytes) else json.dumps(each, ensure_ascii=False).encode()) + b"\n"
        for each in lines
    )


def read(content: bytes) -> list[RecommendationLine | Refusal]:
    return list(read_recommendations(io.BytesIO(content), TASKS))


def refusal_between_good_lines(bad: bytes) -> Refusal:
    """Put a bad line second of three; the others must go in, whatever it is."""
    before, refused, after = read(ndjson(line("before"), bad, line("after")))
    assert isinstance(before, RecommendationLine)
    assert before.external_id == "before"
    assert isinstance(after, RecommendationLine)
    assert (after.external_id, after.line) == ("after", 3)
    assert isinstance(refused, Refusal)
    assert refused.line == 2
    assert refused.reason.endswith(".")
    return refused


def test_a_good_line_keeps_what_it_says() -> None:
    (good,) = read(ndjson(line()))

    assert isinstance(good, RecommendationLine)
    assert good.external_id == "track:1"
    assert good.group == "Tiësto"
    assert good.priority == 5
    assert json.loads(good.item) == line()["item"]
    assert json.loads(good.audience) == line()["audience"]


def test_group_locale_priority_and_audience_may_be_left_out() -> None:
    (good,) = read(ndjson({"task": "job-fit", "external_id": "job:1", "item": {"title": "Cook"}}))

    assert isinstance(good, RecommendationLine)
    assert (good.group, good.locale, good.priority, good.audience) == ("job:1", "en", 0, b"{}")


def test_a_line_may_say_how_many_people_meet_the_item() -> None:
    silent, niche, popular = read(ndjson(line(), line(stratum="niche"), line(stratum="popular")))

    assert isinstance(silent, RecommendationLine)
    assert isinstance(niche, RecommendationLine)
    assert isinstance(popular, RecommendationLine)
    assert (silent.stratum, niche.stratum, popular.stratum) == ("", "niche", "popular")
    assert len({silent.content_sha256, niche.content_sha256, popular.content_sha256}) == 3


def test_a_csv_says_the_stratum_in_a_column_of_its_name() -> None:
    content = b"task,external_id,stratum,item.title\njob-fit,a,niche,Cook\njob-fit,b,,Baker\n"
    first, second = read(content)

    assert isinstance(first, RecommendationLine)
    assert isinstance(second, RecommendationLine)
    assert (first.stratum, second.stratum) == ("niche", "")


@pytest.mark.parametrize(
    ("bad", "field", "reason"),
    [
        (line(task="haiku"), "task", "no task “haiku”"),
        (line(task=7), "task", "must be text, not a number"),
        (without("task"), "task", "is missing"),
        (without("external_id"), "external_id", "is missing"),
        (without("item"), "item", "is missing"),
        (line(external_id=12), "external_id", "must be text, not a number"),
        (line(external_id=""), "external_id", "is empty"),
        (line(external_id="  "), "external_id", "is empty"),
        (line(external_id="x" * 201), "external_id", "has 201 characters"),
        (line(external_id="a\nb"), "external_id", "control character"),
        (line(external_id="a\0b"), "external_id", "control character"),
        (line(group=None), "group", "must be text, not null"),
        (line(group="g" * 201), "group", "has 201 characters"),
        (line(locale="english please"), "locale", "no language tag"),
        (line(locale=True), "locale", "must be text, not true or false"),
        (line(priority=101), "priority", "0 to 100"),
        (line(priority=-1), "priority", "0 to 100"),
        (line(priority="5"), "priority", "whole number"),
        (line(priority=True), "priority", "whole number"),
        (line(priority=5.5), "priority", "whole number"),
        (line(stratum="middling"), "stratum", "must be popular or niche, not “middling”"),
        (line(stratum=""), "stratum", "must be popular or niche"),
        (line(stratum=None), "stratum", "must be text, not null"),
        (line(item={}), "item", "no facts"),
        (line(item=[1]), "item", "must be an object, not a list"),
        (line(item="Ritual"), "item", "must be an object, not text"),
        (line(audience=None), "audience", "must be an object, not null"),
        (line(item={"title": "a\0b"}), "item", "NUL"),
        (line(item={"ti\0tle": "x"}), "item", "NUL"),
        (line(item={"": "x"}), "item", "without a name"),
        (line(item={"x" * 400: 1}), "item", "too long"),
        (line(item={"plays": 10**30}), "item", "beyond 64 bits"),
        (line(item={"plays": -(10**30)}), "item", "beyond 64 bits"),
        (line(colour="red"), "colour", "no field “colour”"),
        ([line()], "", "one JSON object, not a list"),
        ("track", "", "one JSON object, not text"),
    ],
)
def test_a_line_that_says_something_wrong_is_refused_by_field_and_reason(
    bad: object, field: str, reason: str
) -> None:
    refused = refusal_between_good_lines(json.dumps(bad).encode())

    assert refused.field == field
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"task": "music-oneliner"', "not valid JSON"),
        (b"{'task': 1}", "not valid JSON"),
        (b'{"task": NaN}', "NaN is not a JSON value"),
        (b'{"task": -Infinity}', "-Infinity is not a JSON value"),
        (b'{"task": 1e999}', "too large"),
        (b'{"task": "\xff"}', "not UTF-8 (byte 11)"),
        ('{"task": "Tiësto"}'.encode("latin-1"), "not UTF-8"),
        (b'{"task": "\x00"}', "NUL"),
        (b'{"task": "\\ud83d"}', "half of a surrogate pair"),
        (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b'{"a":' * 1020 + b"1" + b"}" * 1020, "nested too deeply"),
        (b'{"a":{"a":1, "a":2}}', "stands twice"),
        (b'{"task": "music-oneliner", "task": "job-fit"}', "“task” stands twice"),
        # Written as an escape, the colon of the text makes up for the one that a repeat loses.
        (b'{"task": "x\\u003ay", "task": "job-fit"}', "“task” stands twice"),
        (b'{"item":' + b'{"a":' * 900 + b'{"b":1,"b":2}' + b"}" * 900 + b"}", "."),
    ],
)
def test_a_line_that_is_not_json_is_refused_with_the_cause(bad: bytes, reason: str) -> None:
    assert reason in refusal_between_good_lines(bad).reason


def test_facts_nested_too_deeply_are_refused() -> None:
    deep: dict[str, Any] = {"end": 1}
    for _level in range(20):
        deep = {"in": deep}

    assert (
        "nested more than"
        in refusal_between_good_lines(json.dumps(line(item=deep)).encode()).reason
    )


def test_a_colon_in_a_fact_is_no_repeated_name() -> None:
    told = line(item={"title": "Act: One", "quote": 'a "b": c', "link": "\\u003a"})

    (good,) = read(ndjson(json.dumps(told).replace("Act:", "Act\\u003a").encode()))

    assert isinstance(good, RecommendationLine)
    assert json.loads(good.item) == told["item"]


@pytest.mark.parametrize("locale", ["en", "pt-BR", "zh-Hant-TW", "es-419", "sl-rozaj", "de-x-desk"])
def test_a_language_tag_is_taken(locale: str) -> None:
    (good,) = read(ndjson(line(locale=locale)))

    assert isinstance(good, RecommendationLine)


def test_the_same_content_in_another_order_of_names_has_the_same_digest() -> None:
    turned = dict(reversed(line().items()))
    turned["item"] = dict(reversed(line()["item"].items()))

    one, other = read(ndjson(line(), turned))

    assert isinstance(one, RecommendationLine)
    assert isinstance(other, RecommendationLine)
    assert one.content_sha256 == other.content_sha256


# Files -------------------------------------------------------------------------------------------


def test_bom_crlf_blank_lines_and_a_missing_last_line_end_do_no_harm() -> None:
    content = b"\xef\xbb\xbf" + ndjson(line("a"), b"", line("b")).replace(b"\n", b"\r\n")

    numbers = [each.line for each in read(content.rstrip())]

    assert numbers == [1, 3]
    assert not [each for each in read(content) if isinstance(each, Refusal)]


def test_gzip_is_recognised_by_its_first_bytes_and_may_have_members() -> None:
    content = gzip.compress(ndjson(line("a"))) + gzip.compress(ndjson(line("b")))

    assert [each.line for each in read(content)] == [1, 2]


def test_a_line_of_two_megabytes_is_refused_by_its_number() -> None:
    refused = refusal_between_good_lines(json.dumps(line(item={"title": "x" * 2_000_000})).encode())

    assert "longer than 1,000,000 bytes" in refused.reason


def test_a_line_without_an_end_is_not_held_in_memory() -> None:
    class Endless:
        """Half a gigabyte without a line end, made as it is read."""

        left = 500_000_000
        most = 0

        def read(self, size: int, /) -> bytes:
            self.most = max(self.most, size)
            given = min(size, self.left)
            self.left -= given
            return b"x" * given

    source = Endless()

    (refused,) = read_recommendations(source, TASKS)

    assert isinstance(refused, Refusal)
    assert source.most <= 2 * MAX_RECORD_BYTES


def test_a_gzip_file_that_is_cut_off_gives_what_it_has_and_says_where_it_ends() -> None:
    content = gzip.compress(ndjson(*[line(f"track:{n}") for n in range(2000)]))
    got: list[RecommendationLine | Refusal] = []

    with pytest.raises(UnreadableFileError, match="cut off after line") as stopped:
        got.extend(read_recommendations(io.BytesIO(content[: len(content) // 2]), TASKS))

    assert str(got[-1].line) in str(stopped.value)


def test_a_gzip_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(b"x" * 50_000_000)

    with pytest.raises(UnreadableFileError, match="unpacks to more than 5,000,000 bytes"):
        list(read_recommendations(io.BytesIO(bomb), TASKS, max_bytes=5_000_000))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ndjson(line()).decode().encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 the rest of a workbook", "ZIP"),
        (b"\x1f\x8b not really gzip", "damaged"),
        (b"task,external_id,task\n", "“task” twice"),
        (b"task,,external_id\n", "without a name"),
        (b'task,"external_id\n', "header cannot be read"),
    ],
)
def test_a_file_of_another_kind_is_refused_as_a_whole(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFileError, match=reason):
        read(content)


def test_an_empty_file_has_no_lines() -> None:
    assert read(b"") == []
    assert read(b"\xef\xbb\xbf\n\n") == []


# CSV ---------------------------------------------------------------------------------------------

HEADER = "task,external_id,item\n"


def csv_file(*rows: str, header: str = HEADER) -> bytes:
    return (header + "".join(row + "\n" for row in rows)).encode()


def test_csv_takes_item_and_audience_as_json_cells() -> None:
    (good,) = read(
        csv_file(
            'music-oneliner,a,en,7,"{""title"":""1989"",""year"":2014}","{""likes"":[""pop""]}"',
            header="task,external_id,locale,priority,item,audience\n",
        )
    )

    assert isinstance(good, RecommendationLine)
    assert good.priority == 7
    assert json.loads(good.item) == {"title": "1989", "year": 2014}
    assert json.loads(good.audience) == {"likes": ["pop"]}


def test_csv_takes_dotted_columns_and_keeps_an_album_called_1989_a_text() -> None:
    (good,) = read(
        csv_file(
            'music-oneliner,a,1989,0.84,"[""pop""]",[Untitled],,Taylor',
            header="task,external_id,item.album,item.energy:number,item.genres,item.title,"
            "item.label,audience.listener.name\n",
        )
    )

    assert isinstance(good, RecommendationLine)
    assert json.loads(good.item) == {
        "album": "1989",
        "energy": 0.84,
        "genres": ["pop"],
        "title": "[Untitled]",
    }
    assert json.loads(good.audience) == {"listener": {"name": "Taylor"}}


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_as_other_countries_and_programs_write_it(delimiter: str) -> None:
    content = csv_file("music-oneliner,a,Ritual", header="task,external_id,item.title\n")

    (good,) = read(b"\xef\xbb\xbf" + content.replace(b",", delimiter.encode()))

    assert isinstance(good, RecommendationLine)


def test_csv_numbers_a_record_by_the_line_it_starts_on() -> None:
    rows = read(
        csv_file(
            'music-oneliner,a,"one\ntwo\nthree"',
            "",
            "haiku,b,x",
            "music-oneliner,c,x",
            header="task,external_id,item.title\n",
        )
    )

    assert [each.line for each in rows] == [2, 6, 7]
    assert [isinstance(each, Refusal) for each in rows] == [False, True, False]
    assert isinstance(rows[0], RecommendationLine)
    assert json.loads(rows[0].item) == {"title": "one\ntwo\nthree"}


@pytest.mark.parametrize(
    ("bad", "field", "reason"),
    [
        (b"music-oneliner,b", "", "2 cells where the header has 3"),
        (b"music-oneliner,b,x,y", "", "4 cells where the header has 3"),
        (b'music-oneliner,b,"never closed', "", "quote"),
        (b'music-oneliner,b,"closed"too early', "", "CSV"),
        (b"music-oneliner,b,\xff", "", "not UTF-8"),
        (b"music-oneliner,b,", "item", "is missing"),
        (b"music-oneliner,b,Ritual", "item", "not valid JSON"),
        (b'music-oneliner,b,"{""a"":1,""a"":2}"', "item", "stands twice"),
        (b"music-oneliner,b," + b"x" * 2_000_000, "", "longer than"),
        (b'music-oneliner,b,"' + b"x" * 2_000_000, "", "longer than"),
    ],
)
def test_a_bad_csv_record_costs_itself_only(bad: bytes, field: str, reason: str) -> None:
    good = b'music-oneliner,%s,"{""title"": ""Ritual""}"\n'
    content = HEADER.encode() + good % b"a" + bad + b"\n" + (good % b"c") * 3

    rows = read(content)

    assert [each.line for each in rows] == [2, 3, 4, 5, 6]
    assert [isinstance(each, Refusal) for each in rows] == [False, True, False, False, False]
    refused = rows[1]
    assert isinstance(refused, Refusal)
    assert refused.field == field
    assert reason in refused.reason


def test_an_inch_mark_in_a_plain_cell_is_only_a_mark() -> None:
    (good,) = read(csv_file('music-oneliner,a,12" single', header="task,external_id,item.title\n"))

    assert isinstance(good, RecommendationLine)
    assert json.loads(good.item) == {"title": '12" single'}


@pytest.mark.parametrize(
    ("header", "row", "field"),
    [
        ("task,external_id,item.energy:number\n", "music-oneliner,a,loud", "item.energy:number"),
        ("task,external_id,item.energy:number\n", "music-oneliner,a,1_0", "item.energy:number"),
        ("task,external_id,item.tags:json\n", "music-oneliner,a,[1", "item.tags:json"),
        ("task,external_id,item.a,item.a.b\n", "music-oneliner,a,1,2", "item.a.b"),
        ("task,external_id,item,item.a\n", 'music-oneliner,a,"{""a"":1}",2', "item.a"),
        ("task,external_id,item.a,item\n", 'music-oneliner,a,1,"{""a"":1}"', "item"),
        ("task,external_id,priority,item.a\n", "music-oneliner,a,high,1", "priority"),
        ("task,external_id,item.a,note\n", "music-oneliner,a,1,hello", "note"),
    ],
)
def test_a_cell_that_does_not_fit_its_column_is_refused(header: str, row: str, field: str) -> None:
    (refused,) = read(csv_file(row, header=header))

    assert isinstance(refused, Refusal)
    assert refused.field == field


# Round trips -------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
leaves = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15),
)
facts = st.dictionaries(
    names, leaves | st.lists(leaves, max_size=4) | st.dictionaries(names, leaves, max_size=3)
)
items = facts.filter(bool)


@given(st.lists(st.tuples(items, facts), min_size=1, max_size=5), st.booleans())
def test_whatever_json_can_say_comes_back_from_ndjson(
    told: list[tuple[Any, Any]], escaped: bool
) -> None:
    content = b"".join(
        json.dumps(line(f"track:{n}", item=item, audience=audience), ensure_ascii=escaped).encode()
        + b"\n"
        for n, (item, audience) in enumerate(told)
    )

    rows = read(content)

    assert all(isinstance(each, RecommendationLine) for each in rows)
    assert [
        (json.loads(each.item), json.loads(each.audience))
        for each in rows
        if isinstance(each, RecommendationLine)
    ] == told


@given(st.lists(st.tuples(names, items), min_size=1, max_size=5))
def test_whatever_json_can_say_comes_back_from_csv(told: list[tuple[str, Any]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["task", "external_id", "item.said", "item.rest:json"])
    for n, (said, rest) in enumerate(told):
        writer.writerow(["music-oneliner", f"track:{n}", f"said {said}", json.dumps(rest)])

    rows = read(file.getvalue().encode())

    assert all(isinstance(each, RecommendationLine) for each in rows)
    assert [json.loads(each.item) for each in rows if isinstance(each, RecommendationLine)] == [
        {"said": f"said {said}", "rest": rest} for said, rest in told
    ]


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reader(noise: bytes) -> None:
    try:
        rows = read(ndjson(line("before")) + noise + b"\n" + ndjson(line("after")))
    except UnreadableFileError as error:
        pytest.fail(str(error))

    assert isinstance(rows[0], RecommendationLine)
    assert isinstance(rows[-1], RecommendationLine)


@given(st.text(st.sampled_from('",\nab;x'), max_size=60))
def test_no_quotes_whatever_hide_the_good_csv_records_before_them(noise: str) -> None:
    content = csv_file("music-oneliner,a,x", header="task,external_id,item.title\n")

    rows = read(content + noise.encode() + b"\n")

    assert isinstance(rows[0], RecommendationLine)
