"""Ranking end to end on the garden shop."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.entities import Constraint, EventKind, Interaction, ItemId, Op, Query, ReasonKind, Sort, Strength, UserId
from core.errors import ItemNotFound
from retrieval.reasons import value_of


def must(name, op, value, strength=Strength.MUST):
    return Constraint(f"{name}{op}", name, op, value, strength=strength)


def kinds(recommendation):
    return [reason.kind for reason in recommendation.reasons]


def test_finds_what_is_meant_in_words_the_catalogue_does_not_use(garden):
    ranking = garden.recommend(Query(text="something to cut my grass"))
    assert {each.item.category[-1] for each in ranking.items} == {"Mowers"}


def test_finds_in_chinese_by_the_words(garden):
    ranking = garden.recommend(Query(text="我想要一个绿篱机", language="zh"))
    assert {each.item.category[-1] for each in ranking.items} == {"Pruners"}
    assert ranking.items[0].reasons[0].kind is ReasonKind.LEXICAL


def test_a_reason_does_not_repeat_what_was_required(garden):
    query = Query(
        text="green mower for grass", constraints=(must("category", Op.EQ, "Mowers"), must("color", Op.EQ, "green"))
    )
    ranking = garden.recommend(query)
    assert ranking.items
    said = [
        reason.data["terms"] for each in ranking.items for reason in each.reasons if reason.kind is ReasonKind.LEXICAL
    ]
    assert not {"green", "mower"} & {word for terms in said for word in terms}


CONSTRAINTS = st.lists(
    st.one_of(
        st.builds(must, st.just("price"), st.sampled_from([Op.LE, Op.LT, Op.GE, Op.GT]), st.integers(30, 900)),
        st.builds(must, st.just("weight"), st.sampled_from([Op.LE, Op.GE]), st.floats(1, 12)),
        st.builds(must, st.just("brand"), st.sampled_from([Op.EQ, Op.NE]), st.sampled_from(["Fernway", "tulpa", "x"])),
        st.builds(must, st.just("category"), st.just(Op.EQ), st.sampled_from(["Mowers", "Garden", "Watering"])),
        st.builds(must, st.just("cordless"), st.just(Op.EQ), st.booleans()),
        st.builds(must, st.just("color"), st.just(Op.IN), st.just(("green", "red"))),
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    constraints=CONSTRAINTS,
    text=st.sampled_from(["", "quiet mower", "浇水"]),
    user=st.sampled_from([None, "u0", "u1", "hater"]),
    excluded=st.lists(st.integers(0, 47).map(lambda number: ItemId(f"g{number}")), max_size=3),
    sort=st.booleans(),
)
def test_nothing_that_is_shown_breaks_a_must_or_a_rule(garden, constraints, text, user, excluded, sort):
    query = Query(
        text=text,
        constraints=tuple(constraints),
        sorts=(Sort("price", False),) if sort else (),
        user_id=UserId(user) if user else None,
        exclude=tuple(excluded),
        anchors=tuple(excluded[:1]),
        limit=5,
    )
    ranking = garden.recommend(query)
    assert len({each.item.id for each in ranking.items}) == len(ranking.items) <= 5
    for each in ranking.items:
        item = each.item
        assert item.stock != 0
        assert item.brand != "Banned"
        assert item.id not in excluded
        for constraint in constraints:
            assert holds(item, constraint), (item, constraint)
        assert 0.0 <= each.score <= 1.0
    scores = [each.score for each in ranking.items]
    assert scores == sorted(scores, reverse=True)
    assert bool(ranking.relaxations) <= (ranking.matches == 0)


def holds(item, constraint):
    """Say by plain Python whether an item satisfies a constraint."""
    actual, wanted = value_of(item, constraint.field), constraint.value
    if actual is None:
        return constraint.op is Op.NE
    fold = [str(each).casefold() for each in actual] if isinstance(actual, tuple) else [str(actual).casefold()]
    match constraint.op:
        case Op.LE:
            return actual <= wanted + 1e-6
        case Op.LT:
            return actual < wanted
        case Op.GE:
            return actual >= wanted - 1e-6
        case Op.GT:
            return actual > wanted
        case Op.EQ:
            return str(wanted).casefold() in fold
        case Op.NE:
            return str(wanted).casefold() not in fold
        case Op.IN:
            return actual in wanted
    raise AssertionError(constraint.op)


def test_the_lightest_is_the_lightest(garden):
    query = Query(text="mower", constraints=(must("category", Op.EQ, "Mowers"),), sorts=(Sort("weight", False),))
    weights = [each.item.facets["weight"] for each in garden.recommend(query).items]
    mowers = garden.catalogue.category_rows("Mowers").nonzero()[0].tolist()
    allowed = [garden.catalogue.item_at(row) for row in mowers]
    assert weights == sorted(weights)
    assert weights[0] == min(item.facets["weight"] for item in allowed if item.stock and item.brand != "Banned")


def test_wishes_raise_and_name_what_is_unknown(garden):
    wish = must("cordless", Op.EQ, True, Strength.WISH)
    ranking = garden.recommend(Query(text="mower", constraints=(wish,)))
    assert all(each.item.facets["cordless"] is True for each in ranking.items)
    assert all(each.parts["wish"] > 0 for each in ranking.items)
    assert kinds(ranking.items[0])[0] is ReasonKind.CONSTRAINT


def test_no_match_is_said_with_the_smallest_relaxation(garden):
    query = Query(constraints=(must("price", Op.LT, 1), must("brand", Op.EQ, "Tulpa")))
    ranking = garden.recommend(query)
    assert (ranking.items, ranking.matches) == ((), 0)
    assert ranking.relaxations[0].drop == ("price<",)
    assert ranking.relaxations[0].matches > 0


def test_reasons_are_true(garden):
    query = Query(text="quiet lawn mower", user_id=UserId("u0"), constraints=(must("price", Op.LT, 400),))
    for each in garden.recommend(dataclasses.replace(query, limit=6)).items:
        assert each.reasons
        for reason in each.reasons:
            assert not reason.text
            match reason.kind:
                case ReasonKind.CONSTRAINT:
                    assert reason.data["actual"] == each.item.price < 400
                case ReasonKind.ATTRIBUTE:
                    assert reason.data["actual"] == each.item.facets[reason.data["field"]]
                case ReasonKind.REVIEW:
                    assert reason.data["quote"] in {
                        "Very quiet.",
                        "Cuts the lawn well.",
                        "Light and quiet, my lawn loves it.",
                    }
                case ReasonKind.COLLABORATIVE:
                    assert set(reason.data["liked"]) <= set(garden.user_items(UserId("u0")))
                    assert reason.data["users"] >= 1
                case ReasonKind.QUALITY:
                    assert reason.data["rating"] == each.item.rating
        assert abs(sum(each.parts.values()) - (2 * each.score - 1)) < 1e-2


def test_reviews_reason_quotes_the_words_asked_for(garden):
    fit = garden.fit_of(ItemId("g0"), Query(text="quiet mower"))
    review = next(reason for reason in fit.reasons if reason.kind is ReasonKind.REVIEW)
    assert review.data == {"review_id": "r1", "quote": "Very quiet.", "rating": 5.0, "terms": ["quiet"]}
    assert review.source.ref == "r1"


def test_fit_of_scores_like_the_ranking_and_takes_any_item(garden):
    query = Query(text="quiet mower", user_id=UserId("u3"))
    first = garden.recommend(query).items[0]
    again = garden.fit_of(first.item.id, query)
    assert again.score == pytest.approx(first.score, abs=1e-3)
    assert kinds(again) == kinds(first)
    assert garden.fit_of(ItemId("g40"), dataclasses.replace(query, exclude=(ItemId("g40"),))).item.id == "g40"
    with pytest.raises(ItemNotFound):
        garden.fit_of(ItemId("nothing"), query)


def test_a_view_raises_the_item_and_its_like_and_says_so(garden):
    user = UserId("viewer")
    before = {each.item.id: each.score for each in garden.recommend(Query(user_id=user, limit=10)).items}
    garden.record([Interaction(user, ItemId("g36"), EventKind.VIEW)])
    after = garden.recommend(Query(user_id=user, limit=10)).items
    assert "g36" not in before or before["g36"] < 1
    assert after[0].item.id == "g36"
    assert sum(each.item.category[-1] == "Watering" for each in after) >= 5
    reason = next(reason for reason in after[1].reasons if reason.kind is ReasonKind.PROFILE)
    assert (reason.data["item_id"], reason.data["event"], reason.data["now"]) == ("g36", "view", True)
    assert garden.user_items(user) == {"g36": (EventKind.VIEW,)}
    garden.forget(user)
    assert garden.user_items(user) == {}
    forgotten = {each.item.id: each.score for each in garden.recommend(Query(user_id=user, limit=10)).items}
    assert forgotten == before


def test_of_whom_one_purchase_is_known_the_crowd_speaks_until_they_look_at_something(garden):
    user = UserId("stranger")
    garden.record([Interaction(user, ItemId("g36"), EventKind.PURCHASE)])
    query = Query(user_id=user)
    loud = garden.source_scores(query)[1]["popularity"].max()
    garden.record([Interaction(user, ItemId("g38"), EventKind.VIEW)])
    assert garden.source_scores(query)[1]["popularity"].max() < loud / 2
    garden.forget(user)


def test_a_dislike_removes_the_item_and_lowers_its_like(garden):
    user, query = UserId("angry"), Query(text="watering hose", limit=10, user_id=UserId("angry"))
    disliked = garden.recommend(query).items[0].item
    near = garden.fit_of(ItemId("g37"), query).score
    garden.record([Interaction(user, disliked.id, EventKind.DISLIKE)])
    after = garden.recommend(query)
    assert disliked.id not in {each.item.id for each in after.items}
    assert garden.fit_of(ItemId("g37"), query).parts["session"] <= 0
    assert garden.fit_of(ItemId("g37"), query).score <= near
    assert garden.recommend(Query(text="watering hose", user_id=UserId("hater"))).items


def test_what_the_user_owns_is_not_shown_unless_it_is_a_gift(garden):
    bought = [item for item, events in garden.user_items(UserId("u0")).items() if EventKind.PURCHASE in events]
    query = Query(text="mower", user_id=UserId("u0"), limit=10)
    assert bought
    assert not {each.item.id for each in garden.recommend(query).items} & set(bought)
    gift = garden.recommend(dataclasses.replace(query, personal=False))
    assert not any("profile" in each.parts or "collaborative" in each.parts for each in gift.items)


def test_the_accessory_of_what_one_has_is_a_path(garden):
    user = UserId("owner")
    garden.record([Interaction(user, ItemId("g0"), EventKind.PURCHASE)])
    fit = garden.fit_of(ItemId("g32"), Query(user_id=user))
    path = next(reason for reason in fit.reasons if reason.kind is ReasonKind.GRAPH)
    assert path.data["relation"] == "accessory_of"
    assert (path.data["item_id"], path.data["inverse"], path.data["event"]) == ("g0", False, "purchase")
    assert path.source.ref == "g32 accessory_of g0"
    assert garden.related(ItemId("g32")) == [("accessory_of", "g0")]
    assert garden.related(ItemId("g0"), inverse=True) == [("accessory_of", "g32")]


def test_variants_of_one_product_are_shown_once(garden):
    groups = [each.item.group_id for each in garden.recommend(Query(text="mower", limit=6)).items]
    assert len(groups) == len(set(groups))


def test_sponsored_is_disclosed(garden):
    assert garden.fit_of(ItemId("g1"), Query()).disclosures == ("sponsored",)
    assert garden.fit_of(ItemId("g2"), Query()).disclosures == ()


def test_questions_split_the_candidates(garden):
    questions = garden.recommend(Query(text="for the garden", constraints=(must("price", Op.LT, 2000),))).questions
    assert 1 <= len(questions) <= 3
    assert "price" not in {question.field for question in questions}
    assert [question.gain for question in questions] == sorted((each.gain for each in questions), reverse=True)
    for question in questions:
        for option in question.options:
            assert option.count > 0
            kept = garden.recommend(Query(constraints=(option.constraint, must("price", Op.LT, 2000))))
            assert kept.matches >= option.count


def test_reviews_are_found_by_what_they_say(garden):
    assert [review.id for review in garden.reviews(ItemId("g0"), "is it loud?", 1)] == ["r2"]
    assert garden.reviews(ItemId("g5"), "loud") == []
