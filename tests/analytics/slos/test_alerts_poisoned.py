"""An objective that cannot be judged keeps no other from being judged."""

import pytest

from analytics.slos import alerts

pytestmark = pytest.mark.django_db


def test_an_slo_that_cannot_be_judged_is_left_out(monkeypatch):
    class Slo:
        def __init__(self, pk):
            self.pk = self.subject = pk

    judged = []
    slos = [Slo(1), Slo(2), Slo(3)]
    monkeypatch.setattr(
        alerts.Slo.objects, "for_evaluation", lambda: type("Q", (), {"order_by": lambda s, k: slos})()
    )
    monkeypatch.setattr(alerts, "read_subjects", lambda slos: {slo.pk: [] for slo in slos})
    monkeypatch.setattr(
        alerts, "measure_subjects", lambda subjects, wanted, starts, now: dict.fromkeys(wanted)
    )
    monkeypatch.setattr(alerts, "find_starts", lambda windows, now: {})
    monkeypatch.setattr(alerts, "burn_rate", lambda slo, measured: 1 / 0 if slo.pk == 2 else None)
    monkeypatch.setattr(alerts, "_follow", lambda slo, *args, **kwargs: judged.append(slo.pk))
    alerts.evaluate(now=None)
    assert set(judged) == {1, 3}
