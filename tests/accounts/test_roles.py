"""Each role has the rights that accounts.roles says, in the database that migrations make."""

import pytest

from accounts import rights, roles
from accounts.models import Person
from accounts.roles import RIGHTS_BY_ROLE

ALL_RIGHTS = {
    rights.REVIEW,
    rights.LEAD,
    rights.DRAFT,
    rights.BUILD_DATASETS,
    rights.READ_DATASETS,
    rights.READ,
}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("editor", roles.EDITOR),
        ("lead", roles.LEAD),
        ("manager", roles.MANAGER),
        ("ml_engineer", roles.ML_ENGINEER),
    ],
)
def test_a_role_has_exactly_its_rights(
    name: str, role: str, request: pytest.FixtureRequest
) -> None:
    someone: Person = request.getfixturevalue(name)

    held = {right for right in ALL_RIGHTS if rights.has_right(someone, right)}

    assert held == RIGHTS_BY_ROLE[role]


def test_an_account_without_a_role_has_no_right(nobody_special: Person) -> None:
    assert not any(rights.has_right(nobody_special, right) for right in ALL_RIGHTS)


def test_who_was_deactivated_has_no_right(lead: Person) -> None:
    lead.is_active = False
    lead.save()

    assert not any(rights.has_right(lead, right) for right in ALL_RIGHTS)
