"""The page behind a verdict link: a GET changes nothing, a POST says it."""

from tests.contract.api.world import client_of, make_world, serve


def test_opening_the_link_asks_and_only_posting_it_judges():
    service = make_world()
    place = f"/verdict/good-{service.ledger.incidents_held[0].key}"
    with serve(service) as base, client_of(base) as client:
        asked = client.get(place)
        assert asked.status_code == 200
        assert "False alarm" in asked.text
        assert not service.judged
        done = client.post(place, data={"say": "yes"})
        assert done.status_code == 200
        assert len(service.judged) == 1


def test_a_link_that_is_not_ours_is_told_so_and_judges_nothing():
    service = make_world()
    with serve(service) as base, client_of(base) as client:
        assert client.get("/verdict/x").status_code == 404
        assert client.post("/verdict/x", data={"say": "yes"}).status_code == 404
    assert service.judged == [None]


def test_a_page_of_another_site_cannot_post_a_link():
    service = make_world()
    place = f"/verdict/good-{service.ledger.incidents_held[0].key}"
    with serve(service) as base, client_of(base) as client:
        headers = {"Origin": "https://evil.example"}
        assert client.post(place, data={"say": "yes"}, headers=headers).status_code == 403
    assert not service.judged
