"""Teams, as several views show them."""

from rest_framework import serializers

from accounts.models import Role, Team
from core.showing import Showable
from sentrypulse.api.fields import LineField, check_timezone


class TeamSerializer(Showable, serializers.ModelSerializer[Team]):
    name = LineField(max_length=100)
    role = serializers.ChoiceField(
        choices=Role.choices, source="my_role", read_only=True, help_text="Your own in this team."
    )
    personal = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ["id", "name", "timezone", "personal", "role", "created_at"]
        read_only_fields = ["created_at"]

    def get_personal(self, team: Team) -> bool:
        return team.personal_of_id is not None

    def validate_timezone(self, name: str) -> str:
        return check_timezone(name)
