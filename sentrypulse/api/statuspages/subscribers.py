"""`status-pages/{id}/subscribers/`: who is told of a page's posts. Addresses of people: members only."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from core.filters import FilterSet, FlagFilter
from core.schema import can_answer
from core.showing import Showable
from sentrypulse.api.fields import IdsField
from sentrypulse.api.statuspages.nested import Attributes, InPage
from sentrypulse.api.statuspages.posts import OfPage
from statuspages import subscriptions
from statuspages.models import Subscriber, SubscriberKind
from statuspages.throttles import count_target


class SubscriberSerializer(Showable, serializers.ModelSerializer[Subscriber]):
    components = IdsField(read_only=True, help_text="Those chosen, unless `all_components`")
    active = serializers.SerializerMethodField(help_text="Confirmed, and has not left.")

    class Meta:
        model = Subscriber
        fields = [
            "id",
            "page",
            "kind",
            "address",
            "all_components",
            "components",
            "active",
            "created_at",
            "confirmed_at",
        ]
        fields += ["unsubscribed_at", "off_reason"]
        read_only_fields = fields

    def get_active(self, subscriber: Subscriber) -> bool:
        return subscriber.confirmed_at is not None and subscriber.unsubscribed_at is None


class SubscriberCreateSerializer(OfPage):
    kind = serializers.ChoiceField(choices=SubscriberKind.choices, default=SubscriberKind.EMAIL)
    address = serializers.CharField(max_length=500)

    def validate(self, attrs: Attributes) -> Attributes:
        try:
            attrs["address"] = subscriptions.clean_address(attrs["kind"], attrs["address"])
        except DjangoValidationError as fault:
            raise ValidationError({"address": fault.messages}) from None
        return attrs


class SubscriberFilter(FilterSet):
    kind = filters.ChoiceFilter(choices=SubscriberKind.choices)
    active = FlagFilter(method="keep_active")

    def keep_active(self, queryset: Any, name: str, value: bool) -> Any:
        active = {"confirmed_at__isnull": False, "unsubscribed_at__isnull": True}
        return queryset.filter(**active) if value else queryset.exclude(**active)


class SubscriberViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, InPage):
    """Who is told. Whom you add is asked to confirm first, as everybody is."""

    queryset = Subscriber.objects.prefetch_related("components")
    serializer_class = SubscriberSerializer
    filterset_class = SubscriberFilter
    read_role = Role.MEMBER
    search_fields = ["address"]

    @extend_schema(request=SubscriberCreateSerializer, responses={201: SubscriberSerializer})
    @can_answer(409, 429)
    def create(self, request: Request, page_id: int) -> Response:
        """Ask an address whether it wants to be told."""
        context = {**self.get_serializer_context(), "page": self.page}
        serializer = SubscriberCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        wait_s = count_target("subscribe", page_id=self.page.pk, target=asked["address"])
        if wait_s is not None:
            raise Throttled(wait_s)
        subscriber = subscriptions.ask_to_confirm(
            self.page,
            kind=asked["kind"],
            address=asked["address"],
            components=[component.pk for component in asked.get("components", ())],
            now=timezone.now(),
        )
        answer = self.get_serializer(self.get_queryset().get(pk=subscriber.pk))
        return Response(answer.data, status=status.HTTP_201_CREATED)
