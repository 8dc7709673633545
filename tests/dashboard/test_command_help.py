"""Help of the command line: the library's own words in both languages, columns that line up."""

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cli import gridbeat
from dashboard.commands import base
from dashboard.commands.base import shown_width, wrapped
from dashboard.text import Words


@click.command()
@click.argument("file")
@click.option("--out", type=click.Path(dir_okay=False), help="要写的文件")
@click.option("--folder", type=click.Path(file_okay=False), help="文件夹，" * 30)
@click.option("--port", type=click.IntRange(1, 9), default=1, show_default=True, help="端口")
@click.option("--share", type=float, help="PATH TEXT")
@click.option("--name", help="名称")
@click.option("--unit", metavar="CODE", help="编码")
def sample(**_given):
    """Hold options of every kind."""


def help_of(command, language, monkeypatch):
    monkeypatch.setattr(base, "words", Words(language))
    return CliRunner().invoke(command, ["--help"], prog_name="x", terminal_width=80).output


def test_chinese_help_names_the_kinds_of_values(monkeypatch):
    lines = help_of(sample, "zh", monkeypatch).splitlines()
    assert lines[0] == "用法：x [选项] FILE"
    assert "选项：" in lines
    text = "\n".join(lines)
    for told in ("--out 文件", "--folder 文件夹", "--port 整数", "--share 小数", "--name 文本"):
        assert f"  {told} " in text
    assert "--unit CODE" in text
    assert "PATH TEXT" in text  # what the help itself says stays as it is


def test_english_help_keeps_the_words_of_the_library(monkeypatch):
    text = help_of(sample, "en", monkeypatch)
    assert text.startswith("Usage: x [OPTIONS] FILE\n")
    for told in ("Options:", "--out FILE", "--folder DIRECTORY", "--port INTEGER RANGE",
                 "--share FLOAT", "--name TEXT"):  # fmt: skip
        assert told in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_columns_line_up_and_fit_the_screen(language, monkeypatch):
    text = help_of(sample, language, monkeypatch)
    lines = [line for line in text.splitlines() if line.startswith("  --")]
    helps = {"要写的文件", "名称", "编码"}
    starts = {shown_width(line[: line.index(told)]) for line in lines for told in helps
              if line.endswith(told)}  # fmt: skip
    assert len(starts) == 1
    assert max(map(shown_width, text.splitlines())) <= 80


def test_the_first_help_is_in_both_languages(monkeypatch):
    assert "命令 [参数]..." in help_of(gridbeat, "zh", monkeypatch)
    assert "COMMAND [ARGS]..." in help_of(gridbeat, "en", monkeypatch)


@given(st.text("中文，。（）a1-. ", max_size=60), st.integers(4, 40))
def test_a_broken_text_loses_nothing_and_overruns_by_long_words_only(text, room):
    lines = wrapped(text, room)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert line == line.strip()
        assert shown_width(line) <= room or len(base.PIECES.findall(line)) == 1


def test_an_empty_text_has_no_lines():
    assert wrapped("  ", 10) == []
