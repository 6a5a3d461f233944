"""Every page of the desk, in both languages: strict CSP, a label for each input, ids once, a token in each form."""

from html.parser import HTMLParser

import pytest

from smmatic.accounts.rules import Role
from smmatic.refunds.actions import ask_stop
from smmatic.support.actions import post_message
from tests.builders import customer, person
from tests.web.desk.builders import Browser, alleged_by_provider, deposit, finished, reviewed_case, staff_order

pytestmark = pytest.mark.django_db


class Markup(HTMLParser):
    """What is wrong with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.labelled: set[str] = set()
        self.inputs: list[tuple[str, bool]] = []
        self.wrong: list[str] = []
        self.inside_label = 0
        self.form_has_token: bool | None = None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "style" in values or any(name.startswith("on") for name in values):
            self.wrong.append(f"inline style or script on <{tag}>")
        if tag in ("style",) or (tag == "script" and "src" not in values):
            self.wrong.append(f"inline <{tag}>")
        if "id" in values:
            if values["id"] in self.ids:
                self.wrong.append(f"id {values['id']} twice")
            self.ids.add(values["id"])
        if tag == "label":
            self.labelled.add(values.get("for", ""))
            self.inside_label += 1
        if tag == "form":
            self.form_has_token = values.get("method", "get").lower() != "post"
        if values.get("name") == "csrfmiddlewaretoken":
            self.form_has_token = True
        hidden = values.get("type") == "hidden" or values.get("aria-hidden") == "true"
        if tag in ("input", "select", "textarea") and not hidden:
            self.inputs.append((values.get("id", "?"), bool(self.inside_label or values.get("aria-label"))))

    def handle_endtag(self, tag):
        if tag == "label":
            self.inside_label -= 1
        if tag == "form":
            if not self.form_has_token:
                self.wrong.append("a form without a token")
            self.form_has_token = None

    def problems(self) -> list[str]:
        unnamed = [name for name, named in self.inputs if not named and name not in self.labelled]
        return self.wrong + [f"no label for {name}" for name in unnamed]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_page_is_clean(language):
    who = customer(5000)
    case, other, work, stopping = reviewed_case(who), alleged_by_provider(who), staff_order(who), staff_order(who)
    operator = Browser(person(Role.OPERATOR))
    operator.post(f"/desk/work/{stopping.id}/take")
    ask_stop(who, stopping.id)
    talk = post_message(who, None, "Hello").conversation_id
    deposit(who)
    pages = [
        "", "cases", "cases/decided", f"cases/{case.id}", f"cases/{other.id}", "work", f"work/{work.id}",
        f"work/{stopping.id}", "orders", "orders?show=trouble", f"orders/{work.id}", f"orders/{finished(who).id}?as=customer",
        "messages", f"messages/{talk}", "deposits", "credits?prove=1", "people", f"people/{who.id}", "policy",
    ]  # fmt: skip
    for page in pages:
        address = f"/desk/{page}"
        markup = Markup()
        markup.feed(operator.get(address + ("&" if "?" in address else "?") + f"lang={language}"))
        assert markup.problems() == [], address
    refused = Markup()
    refused.feed(
        operator.post(f"/desk/cases/{case.id}/claim", 422, claim="fulfilment_fault", proof="verified", version="1")
    )
    assert refused.problems() == []
