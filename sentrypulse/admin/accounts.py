"""Accounts for operators. Hashes are never shown; guessing at the log-in is throttled as in the API."""

import time
from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from accounts.addresses import fold_email, read_email
from accounts.email_addresses import sync_address
from accounts.models import ApiKey, Invitation, Membership, Quota, Team, User, make_personal_team
from accounts.services import revoke_api_key
from accounts.throttles import count_attempts, list_login_counts, note_login


class ThrottledLoginForm(AdminAuthenticationForm):
    def clean(self) -> dict[str, Any]:
        now, account = time.time(), fold_email(self.data.get("username"))
        request = cast(HttpRequest, self.request)
        wait_s = count_attempts(list_login_counts(request, account), now=now)
        if wait_s is not None:
            raise forms.ValidationError(f"Too many attempts. Try again in {int(wait_s) + 1} seconds.")
        cleaned: dict[str, Any] = super().clean()
        note_login(request, account, now=now)
        return cleaned


admin.site.login_form = ThrottledLoginForm
admin.site.unregister([EmailAddress, UserSession])  # they follow User, and the sessions


class _LowerCaseEmail:
    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        return read_email(str(self.cleaned_data["email"]))


class UserAddForm(_LowerCaseEmail, AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email", "name")


class UserEditForm(_LowerCaseEmail, UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"  # the admin's fieldsets choose


class MembershipInline(admin.TabularInline[Membership, Any]):
    model = Membership
    fields = ("team", "user", "role")
    autocomplete_fields = ("team", "user")
    extra = 0


class QuotaInline(admin.TabularInline[Quota, Any]):
    """Where a team may have more, or less, than the settings say."""

    model = Quota
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    form = UserEditForm
    add_form = UserAddForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "joined_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "joined_at", "last_login")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "joined_at")
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (
            "What they may do",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("When", {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")},
        ),
    )

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool) -> None:
        if not change:
            obj.joined_at = timezone.now()
        super().save_model(request, obj, form, change)
        if not change:
            make_personal_team(obj)
        sync_address(obj)


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    list_display = ("name", "id", "personal_of", "timezone", "created_at")
    list_filter = (("personal_of", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("personal_of",)
    search_fields = ("name", "members__email")
    readonly_fields = ("personal_of", "created_at")
    inlines = (MembershipInline, QuotaInline)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ("user", "team", "role", "joined_at")
    list_filter = ("role", "joined_at")
    list_select_related = ("user", "team")
    search_fields = ("user__email", "team__name")
    autocomplete_fields = ("team", "user")
    readonly_fields = ("joined_at",)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin[Invitation]):
    """To look at and to withdraw; inviting needs the e-mail that the API sends."""

    list_display = ("email", "team", "role", "invited_by", "created_at", "expires_at", "accepted_at")
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter), "expires_at")
    list_select_related = ("team", "invited_by")
    search_fields = ("email", "team__name", "invited_by__email")
    exclude = ("token_hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """To look at and to revoke; only a member can make one."""

    list_display = (
        "__str__", "name", "team", "user", "scope", "last_used_at", "expires_at", "revoked_at"
    )  # fmt: skip
    list_filter = ("scope", ("revoked_at", admin.EmptyFieldListFilter), "last_used_at", "expires_at")
    list_select_related = ("team", "user")
    search_fields = ("prefix", "name", "team__name", "user__email")
    exclude = ("secret_hash",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Revoke the chosen keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke_api_key(key, now=timezone.now())
        self.message_user(request, f"Revoked: {', '.join(str(key) for key in queryset)}.")
