"""What editors decide about an article beyond its JATS."""

from typing import Any

from accounts.admin_pages import ModelForm
from journal.models import Article


class ArticleForm(ModelForm):
    """The database refuses a published article without its date, so the form says it first."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        published = self.instance.status == Article.Status.PUBLISHED
        if published and "published_online" in cleaned and not cleaned["published_online"]:
            self.add_error(
                "published_online", "A published article needs its date. Unpublish it first to take the date away."
            )
        if cleaned.get("free_from") and cleaned.get("access_type") == Article.AccessType.OPEN:
            self.add_error(
                "free_from", "An open access article is free already. Leave the day empty, or choose Controlled."
            )
        controlled = cleaned.get("access_type") == Article.AccessType.CONTROLLED
        if published and controlled and not (self.instance.has_full_text or self.instance.is_only_pdf):
            self.add_error("access_type", "This article has no full text: there would be nothing to sell.")
        issue, section = cleaned.get("issue"), cleaned.get("section")
        if issue and section and issue.journal_id != section.journal_id:
            self.add_error("section", "This section belongs to another journal.")
        return cleaned
