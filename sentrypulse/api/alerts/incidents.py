"""What the incidents' JSON says of the alerts that were kept back."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from alerts.models import Delivery, Reason
from incidents.models import Incident
from outbox.models import OutgoingStatus

_GIVEN_UP = (OutgoingStatus.DEAD, OutgoingStatus.DROPPED)


def attach_withheld(incidents: Sequence[Incident]) -> None:
    """Set ``withheld``: the ledger's rows of notices that did not reach somebody, and why, the oldest
    first."""
    ids = [incident.pk for incident in incidents]
    told = ["", Reason.IN_DIGEST]
    kept_back = Q(status=OutgoingStatus.WITHHELD) | (Q(status__in=_GIVEN_UP) & ~Q(reason__in=told))
    rows = Delivery.objects.filter(kept_back, trouble__incident_id__in=ids)
    by_incident: dict[int, list[Delivery]] = defaultdict(list)
    for row in rows.select_related("trouble").order_by("pk") if ids else ():
        assert row.trouble is not None  # noqa: S101  # it was asked for
        by_incident[row.trouble.incident_id or 0].append(row)
    for incident in incidents:
        vars(incident)["withheld"] = by_incident[incident.pk]
