"""The data sets of intents, mapped to the product's: bitext (customer service), CLINC150 (out of scope), WebShop goals.

Bitext: sample training and validation files, CDLA-Sharing 1.0. CLINC150: Larson et al. 2019, CC BY 3.0. WebShop goals:
Yao et al. 2022, MIT. They are read in place; only weights learned from their training parts are shipped.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from agent.embedded.intents import load_examples
from benchmarks.understanding.goals import Goal, read_goals
from core.conversation import Intent

ACCOUNT = "registration_problems recover_password create_account delete_account edit_account switch_account"
BITEXT = {
    "cancel_order": Intent.CANCEL_ORDER,
    "change_order": Intent.MODIFY_ORDER,
    "change_shipping_address": Intent.MODIFY_ORDER,
    "set_up_shipping_address": Intent.MODIFY_ORDER,
    "track_order": Intent.ORDER_STATUS,
    "get_refund": Intent.REFUND,
    "track_refund": Intent.REFUND,
    "place_order": Intent.CART,
    "complaint": Intent.COMPLAINT,
    "contact_customer_service": Intent.HANDOFF,
    "contact_human_agent": Intent.HANDOFF,
    # Questions about how the shop works, which its documents answer or do not.
    **dict.fromkeys(
        [
            "check_cancellation_fee", "check_invoice", "get_invoice", "check_payment_methods", "check_refund_policy",
            "delivery_options", "delivery_period", "newsletter_subscription", "payment_issue", "review",
            *ACCOUNT.split(),
        ],
        Intent.POLICY,
    ),
}  # fmt: skip
"""Bitext's 27 intents."""
_PERSONAL = (
    "are_you_a_bot what_is_your_name who_made_you how_old_are_you where_are_you_from what_are_your_hobbies "
    "do_you_have_pets tell_joke fun_fact what_can_i_ask_you who_do_you_work_for"
)
CLINC = {
    "greeting": Intent.GREET,
    "goodbye": Intent.GOODBYE,
    "thank_you": Intent.THANKS,
    "order_status": Intent.ORDER_STATUS,
    "order": Intent.CART,
    **dict.fromkeys(_PERSONAL.split(), Intent.SMALLTALK),
}
"""CLINC150's intents that any shop meets; its others are out of scope, but for those left out."""
LEFT_OUT = frozenset(
    (
        "yes no maybe repeat cancel change_language "  # read by words, in context, never guessed
        "restaurant_reservation restaurant_reviews restaurant_suggestion travel_suggestion meal_suggestion recipe "
        "book_hotel book_flight car_rental confirm_reservation cancel_reservation accept_reservations play_music "
        "next_song what_song calories nutrition_info ingredients_list exchange_rate shopping_list "
        "shopping_list_update redeem_rewards rewards_balance user_name change_user_name card_declined "
        "expiration_date international_fees"  # some shop's business
    ).split()
)
_ACTS = {
    "SEE": Intent.FEEDBACK, "ACC": Intent.FEEDBACK, "REJ": Intent.FEEDBACK,
    "CRI-F": Intent.REFINE, "CRI-A": Intent.REFINE, "CRI-C": Intent.REFINE, "CON": Intent.REFINE,
    "REF": Intent.REFINE, "PRO": Intent.REFINE, "ANS": Intent.REFINE,
    "IQU": Intent.RECOMMEND, "STO": Intent.RECOMMEND,
    "INQ": Intent.DETAILS,
}  # fmt: skip
"""IARD's acts of seekers. Left out: opinions asked of a person (ASK), neutral responses (NRE), the rest (OTH)."""
_MENTION = re.compile(r"@\d+\s*<([^>]*?)\s*(?:\(\d{4}\)\s*)?>|@\d+")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence and its intent."""

    text: str
    intent: Intent


def bitext(data: Path, part: str) -> list[Labelled]:
    """Read bitext's ``Training`` or ``Validation`` part."""
    path = data / "intents" / "bitext" / f"Bitext_Sample_Customer_Service_{part}_Dataset.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return [Labelled(row["utterance"], BITEXT[row["intent"]]) for row in csv.DictReader(lines)]


def clinc(data: Path, part: str) -> list[Labelled]:
    """Read a part of CLINC150: ``train``, ``val``, ``test``, or ``oos_…`` of these."""
    found = json.loads((data / "intents" / "clinc150" / "data_full.json").read_text(encoding="utf-8"))[part]
    return [Labelled(text, CLINC.get(name, Intent.OUT_OF_SCOPE)) for text, name in found if name not in LEFT_OUT]


def goals(data: Path, count: int) -> list[Labelled]:
    """Return WebShop goals that are not among the labelled ones, in the file's order."""
    labelled = {goal.text for goal in labelled_goals(data)}
    texts = json.loads((data / "webshop-goals" / "human_goals.json").read_text(encoding="utf-8"))
    free = [text for text in dict.fromkeys(texts) if text not in labelled]
    return [Labelled(text, Intent.RECOMMEND) for text in free[:count]]


def film_acts(data: Path, part: str) -> list[Labelled]:
    """Read what seekers say in IARD (Cai and Chen 2020, MIT / CC BY 4.0); sentences of one act alone.

    Args:
        data: the folder of data sets.
        part: ``train`` (dialogues of even place in the file) or ``test`` (odd).
    """
    dialogues = json.loads((data / "redial-iard" / "umap2020_IARD_Cai.json").read_text(encoding="utf-8"))
    found = []
    for dialogue in list(dialogues.values())[part == "test" :: 2]:
        for turn in dialogue["dialogue_info"].values():
            acts = {_ACTS[name] for name in turn["sub-intent/action"] if name in _ACTS}
            text = _MENTION.sub(lambda match: match.group(1) or "it", turn["utterance_text"]).strip()
            if turn["role"] == "seeker" and len(acts) == 1 and text:
                found.append(Labelled(text, acts.pop()))
    return found


def labelled_goals(data: Path) -> Sequence[Goal]:
    """Return the goals labelled by hand."""
    return read_goals(data / "webshop-goals" / "human_goals.json")


def own_examples() -> list[Labelled]:
    """Return the English sentences made for training, and those that the product compares with."""
    more = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text(encoding="utf-8"))
    made = [Labelled(text, Intent(name)) for name, texts in more.items() for text in texts]
    return made + [Labelled(text, name) for name, by in load_examples().items() for text in by["en"]]
