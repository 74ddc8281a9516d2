"""`channels/`, `alert-rules/`, `deliveries/`, `alert-templates/`, `alert-settings/`: who is told what."""

from sentrypulse.api.alerts.channels import ChannelViewSet
from sentrypulse.api.alerts.deliveries import DeliveryViewSet
from sentrypulse.api.alerts.rules import RuleViewSet
from sentrypulse.api.alerts.templates import AlertSettingsViewSet, MessageTemplateViewSet

__all__ = [
    "AlertSettingsViewSet",
    "ChannelViewSet",
    "DeliveryViewSet",
    "MessageTemplateViewSet",
    "RuleViewSet",
]
