"""An incident and a saved view, for the tests that walk over every route."""

from smmatic.accounts.desk_actions import keep_view
from smmatic.accounts.desk_queries import views_of
from smmatic.accounts.rules import Role
from smmatic.refunds.incident_actions import declare
from tests.builders import person


def incident(title: str = "Slow answers from a platform") -> int:
    """An incident that goes on, limited to a service that no test orders."""
    made = declare(
        person(Role.OPERATOR), title_en=title, title_vi="Nền tảng phản hồi chậm", text_en="We are looking into it.",
        text_vi="Chúng tôi đang kiểm tra.", scope="service", scope_value="SP-CHAT",
    )  # fmt: skip
    return made.id


def more_of_the_desk() -> dict[str, int]:
    """An incident and somebody's saved view, by the names that addresses carry."""
    keeper = person(Role.AGENT)
    keep_view(keeper, room="cases", name="late", query="show=late")
    return {"incident_id": incident(), "view_id": views_of(keeper, "cases")[0].id}
