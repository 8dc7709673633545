"""Give the names that rows themselves bear: of targets and campaigns, in both languages.

Used by the command line and screens. Knows nothing of the catalogue of sentences.
"""

from sqlalchemy.orm import Session

from data.repositories.registers import campaigns, targets
from data.viewer import Viewer


def plan_labels(session: Session, viewer: Viewer) -> dict[str, dict[str, str]]:
    """Give `target_<measure>` and `campaign_<id>` → language → name; the newest row wins."""
    found: dict[str, dict[str, str]] = {}
    for target in sorted(targets(session, viewer), key=lambda row: row.since):
        found[f"target_{target.measure}"] = {"zh": target.label_zh, "en": target.label_en}
    for campaign in campaigns(session, viewer):
        name = f"campaign_{campaign.external_id}"
        found[name] = {"zh": campaign.label_zh, "en": campaign.label_en}
    return found
