"""Make people, and know which of them are only for show."""

from collections.abc import Mapping
from typing import Final

from axes.utils import reset
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import log, roles
from accounts.models import Person
from accounts.services.tokens import revoke_all_tokens

# Username -> first name, last name, role.
DEMO_PEOPLE: Final = {
    "editor": ("Edda", "Editor", roles.EDITOR),
    "lead": ("Leo", "Lead", roles.LEAD),
    "manager": ("Mara", "Manager", roles.MANAGER),
    "engineer": ("Emil", "Engineer", roles.ML_ENGINEER),
}


def create_demo_people(passwords: Mapping[str, str]) -> list[str]:
    """Make the demo people who are not there yet; return their usernames.

    `passwords` maps each username of DEMO_PEOPLE to a password. Who is there already keeps name,
    password and role, whatever was changed since.
    """
    made = []
    with transaction.atomic():
        for username, (first_name, last_name, role) in DEMO_PEOPLE.items():
            if Person.objects.filter(username=username).exists():
                continue
            person = Person.objects.create_user(
                username,
                password=passwords[username],
                first_name=first_name,
                last_name=last_name,
                is_demo=True,
            )
            person.groups.add(Group.objects.get(name=role))
            log.record(None, "demo person made", person, role=role)
            made.append(username)
    return made


def demo_people_who_may_log_in() -> list[str]:
    """Return the usernames of the demo people whose accounts are active."""
    return list(
        Person.objects.filter(is_demo=True, is_active=True)
        .order_by("username")
        .values_list("username", flat=True)
    )


def let_log_in_again(person: Person, by: Person) -> None:
    """Forget the failed logins of a name, from wherever they came; the log says who did."""
    with transaction.atomic():
        reset(username=person.username)
        log.record(by, "failed logins forgotten", person)


def deactivate_demo_people() -> list[str]:
    """Close the accounts of the demo people, their sessions and tokens; return their usernames."""
    with transaction.atomic():
        open_ones = list(
            Person.objects.select_for_update()
            .filter(is_demo=True, is_active=True)
            .order_by("username")
        )
        for person in open_ones:
            Person.objects.filter(pk=person.pk).update(is_active=False)
            revoke_all_tokens(person, "the demo is over")
            log.record(None, "person deactivated", person)
    return [person.username for person in open_ones]
