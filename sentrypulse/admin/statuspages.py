"""For operators: pages, what they say, who is told, and whether their copies are out."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from sentrypulse.admin.read_only import ReadOnly
from statuspages.invalidation import mark_changed
from statuspages.models import Component, Notice, Post, Publication, StatusPage, Subscriber
from statuspages.services import delete_page, find_page_faults


class PageForm(forms.ModelForm[StatusPage]):
    """What the API refuses is refused here too, in the same words."""

    class Meta:
        model = StatusPage
        fields = ["slug", "title", "description", "visibility", "timezone", "language", "theme", "accent"]
        fields += ["custom_css", "show_response_times", "automatic_posts", "history_days"]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's hook, which has filled the instance
        for field, fault in find_page_faults(self.instance).items():
            self.add_error(field if field in self.fields else None, ValidationError(fault))


class ComponentInline(admin.TabularInline[Component, StatusPage]):
    """What a page shows is put together by the API; here it is looked at."""

    model = Component
    extra = 0
    can_delete = False
    fields = ["position", "group", "name", "description"]
    readonly_fields = ["position", "group", "name", "description"]

    def has_add_permission(self, request: HttpRequest, obj: StatusPage | None = None) -> bool:
        return False


@admin.register(StatusPage)
class StatusPageAdmin(admin.ModelAdmin[StatusPage]):
    form = PageForm
    inlines = [ComponentInline]
    list_display = ["title", "slug", "team", "visibility", "language", "verified_domain"]
    list_filter = ["visibility", "language"]
    list_select_related = ["team"]
    search_fields = ["title", "slug", "team__name", "custom_domain"]
    readonly_fields = ["team", "custom_domain", "verified_domain", "verified_at"]
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StatusPage, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        mark_changed(page_ids=[obj.pk])

    def delete_model(self, request: HttpRequest, obj: StatusPage) -> None:
        delete_page(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[StatusPage]) -> None:
        for page in queryset:
            delete_page(page)


@admin.register(Post)
class PostAdmin(ReadOnly, admin.ModelAdmin[Post]):
    list_display = ["page", "incident", "status", "visibility", "author", "at"]
    list_filter = ["visibility", "status"]
    list_select_related = ["page", "incident", "author"]
    search_fields = ["text", "page__slug"]
    ordering = ["-at"]


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnly, admin.ModelAdmin[Subscriber]):
    list_display = ["address", "kind", "page", "confirmed_at", "unsubscribed_at", "off_reason"]
    list_filter = ["kind", ("confirmed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["page"]
    search_fields = ["address", "page__slug"]
    exclude = ["secrets", "confirm_hash", "unsubscribe_hash"]
    ordering = ["-pk"]


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin[Notice]):
    list_display = ["subscriber", "purpose", "status", "attempts", "planned_at", "settled_at", "answer"]
    list_filter = ["status", "purpose"]
    list_select_related = ["subscriber"]
    search_fields = ["key", "subscriber__address"]
    ordering = ["-pk"]


@admin.register(Publication)
class PublicationAdmin(ReadOnly, admin.ModelAdmin[Publication]):
    list_display = ["page", "place", "published_at", "version", "problem"]
    list_select_related = ["page"]
    ordering = ["-pk"]
