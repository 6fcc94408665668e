"""Rows that are written through patterns are those that the formats make, one by one."""

import pytest

from accounts.models import Person
from explanations.models import Prompt, Run, Task
from feedback.formats import get_training_format, training_format_slugs
from feedback.recipe import read_recipe
from feedback.services.datasets.choosing import choose
from feedback.services.datasets.examples import examples
from feedback.services.datasets.lessons import prepare_lessons
from feedback.services.datasets.moment import one_moment
from feedback.services.datasets.patterns import line_of, lines
from tests.feedback.building_desk import MUSIC
from tests.feedback.test_choosing import MAJOR, THIRDS, grouped_draft, own_line, rejected, tagged
from tests.feedback.test_exporting import reviewed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("prompts", [{}, {"music-oneliner": 2}])
def test_each_row_is_the_very_line_that_its_format_makes_of_its_review(
    run: Run,
    editor: Person,
    second_editor: Person,
    music_task: Task,
    prompts: dict[str, int],
) -> None:
    Prompt.objects.create(
        task=music_task,
        number=2,
        system='100 % brief, no "quotes".',
        user_template="Title: {{ /item/title }}",
        sha256="9" * 64,
    )
    for number in range(16):
        draft = grouped_draft(
            run, number, f'group "{number % 9}" 100 %\t\x01\x7f\u2028é\\', f"Hype {number} 50 %!"
        )
        if number % 4 == 3:
            rejected(draft, editor)
        else:
            person = second_editor if number % 2 else editor
            tagged(reviewed(draft, person, own_line(number)).review, *[MAJOR] * (number % 3))
    prepare_lessons()
    recipe = read_recipe(
        {**MUSIC, "formats": training_format_slugs(), "shares": THIRDS, "prompts": prompts}
    )

    with one_moment() as own:
        choose(own.cursor(), recipe)
        for slug in recipe.formats:
            made = get_training_format(slug)
            one_by_one = [
                (split, line_of(row))
                for batch in examples(own, recipe, made.about)
                for split, example in batch
                for row in made.rows(example)
            ]
            through_patterns = [
                (split, line)
                for _reviews, by_split in lines(own, recipe, made)
                for split, found in by_split.items()
                for line in found
            ]
            assert one_by_one
            assert sorted(through_patterns) == sorted(one_by_one)
