"""`channels/`, `alert-rules/`, `deliveries/`, `alert-templates/`, `alert-settings/`: who is told what."""

from alerts.api.channels import ChannelViewSet
from alerts.api.deliveries import DeliveryViewSet
from alerts.api.rules import RuleViewSet
from alerts.api.templates import AlertSettingsViewSet, MessageTemplateViewSet

__all__ = [
    "AlertSettingsViewSet",
    "ChannelViewSet",
    "DeliveryViewSet",
    "MessageTemplateViewSet",
    "RuleViewSet",
]
