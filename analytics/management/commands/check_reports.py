"""`manage.py check_reports`: whether every frozen report is what was frozen."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.models import SlaReport
from analytics.reports.freezing import is_intact


class Command(BaseCommand):
    help = "Compute the digest of every frozen report anew and name those that were changed. Only reads."

    def handle(self, *args: Any, **options: Any) -> None:
        reports = changed = 0
        for report in SlaReport.objects.select_related("supersedes").order_by("pk").iterator():
            reports += 1
            if not is_intact(report):
                changed += 1
                self.stderr.write(f"Changed since it was frozen: team {report.team_id}, {report}.")
        if changed:
            raise CommandError(f"{changed} of {reports} reports are not what was frozen.")
        self.stdout.write(f"All {reports} reports are what was frozen.")
