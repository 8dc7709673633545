"""Cases on the command line: one document, the rules of the page, exit statuses."""

import json

import pytest

from dashboard.cli import main
from data.database import Database
from data.repositories.audit import is_intact, latest
from data.viewer import LOCAL_STEWARD
from tests.dashboard import tiny_town


@pytest.fixture
def store(tmp_path):
    database = tiny_town.build(tmp_path)
    database.dispose()
    return database.path


@pytest.fixture
def run(store, capsys):
    def go(*arguments):
        with pytest.raises(SystemExit) as done:
            main(["case", *arguments, "--store", str(store)])
        return done.value.code or 0, capsys.readouterr()

    return go


def answer(run, *arguments):
    status, told = run(*arguments, "--json")
    assert status == 0, told.err
    return json.loads(told.out)


def test_the_list_holds_what_waits(run):
    shown = answer(run, "list")
    assert {one["id"] for one in shown["cases"]} == {"h1", "h3", "d1"}
    assert shown["total"] == 3
    assert set(shown["by_light"]) == {"green", "yellow", "red", "stopped", "none"}
    one = next(one for one in shown["cases"] if one["id"] == "h3")
    assert (one["layer"], one["unit"], one["status"]) == ("hazards", "B1", "handling")
    assert [c["id"] for c in answer(run, "list", "--layer", "disputes")["cases"]] == ["d1"]
    assert [c["id"] for c in answer(run, "list", "--unit", "E")["cases"]] == ["h3"]
    assert [c["id"] for c in answer(run, "list", "--unit", "B1")["cases"]] == ["h3"]
    short = answer(run, "list", "--scope", "all", "--limit", "2")
    assert (len(short["cases"]), short["total"]) == (2, 16)


def test_all_pages_are_listed_once(run):
    shown = answer(run, "list", "--scope", "all", "--limit", "1000")
    keys = [one["case"] for one in shown["cases"]]
    assert len(keys) == len(set(keys)) == shown["total"]


def test_a_case_is_shown_by_id_or_by_key(run):
    shown = answer(run, "show", "h1")
    assert shown["id"] == "h1"
    assert "escalate" in shown["actions"]
    assert "[mobile]" in shown["description"]
    assert answer(run, "show", shown["case"]) == shown


def test_a_step_is_taken_under_a_number_and_audited(run, store):
    note, kept = "现场已清，电话13912345678", "现场已清，电话[mobile]"
    moved = answer(run, "move", "h1", "finish", "--as", "p1", "--note", note, "--version", "1")
    assert (moved["status"], moved["version"]) == ("handled", 2)
    step = moved["steps"][-1]
    assert (step["actor"], step["action"], step["note"]) == ("p1", "finish", kept)
    status, told = run("move", "h1", "verify", "--as", "p1", "--note", "看过")
    assert status == 2
    assert "p1" in told.err
    assert answer(run, "move", "h1", "verify", "--as", "p2", "--note", "看过")["version"] == 3
    assert answer(run, "move", "h1", "close")["status"] == "closed"
    again = answer(run, "move", "h1", "reopen", "--note", "又堆上了")
    assert again["status"] == "rework"
    database = Database(str(store))
    with database.read() as session:
        assert is_intact(session)
        lines = latest(session, LOCAL_STEWARD, limit=20)
    database.dispose()
    actions = [line.action for line in reversed(lines) if line.action.startswith("case_")]
    assert actions == ["case_finish", "case_verify", "case_close", "case_reopen"]


def test_escalation_asks_for_level_and_note_and_moves_the_limit(run):
    status, told = run("move", "h3", "escalate", "--note", "跨网格")
    assert status == 2
    assert told.err.strip()
    moved = answer(run, "move", "h3", "escalate", "--level", "community", "--note", "跨网格")
    assert (moved["status"], moved["level"]) == ("dispatched", "community")
    later = answer(run, "move", "h3", "extend", "--note", "等配件", "--due", "2099-01-02")
    assert later["due_at"] == "2099-01-02T10:00:00+00:00"


@pytest.mark.parametrize(
    "wrong",
    [
        ("show", "nothing"),
        ("show", "hazards:nowhere:h1"),
        ("move", "h1", "close"),
        ("move", "h1", "finish"),
        ("move", "h1", "finish", "--note", "x", "--as", "nobody"),
        ("move", "h1", "finish", "--note", "x", "--version", "9"),
        ("move", "h1", "extend", "--note", "x", "--due", "soon"),
        ("move", "h1", "fly"),
        ("move", "i01", "accept"),
        ("list", "--unit", "nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_status_2(run, wrong):
    status, told = run(*wrong)
    assert status == 2
    assert told.out == ""
    assert told.err.strip()
    assert "Traceback" not in told.err
    assert "{" not in told.err
