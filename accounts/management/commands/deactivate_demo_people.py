"""Close the accounts of the demo."""

from typing import Any

from django.core.management import BaseCommand

from accounts.services.people import deactivate_demo_people


class Command(BaseCommand):
    help = "Close the accounts that create_demo_people made; what they did stays in the log."

    def handle(self, **options: Any) -> None:
        """Close them."""
        closed = deactivate_demo_people()
        self.stdout.write(f"Demo people deactivated: {', '.join(closed) or 'none were active'}.")
