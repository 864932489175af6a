"""Formats of a plan: the workbook recalculates, texts are inert everywhere, files stay in their folder."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile import PLANS, TEXTS, hostile_plan
from hypothesis import given
from hypothesis import strategies as st
from plan_results import SAVED, SMALL, plan

import exasite
from exasite.export.columns import COLUMNS
from exasite.export.csv_folder import DICTIONARY, csv_files
from exasite.export.html_page import html_page
from exasite.export.markdown_page import markdown_page
from exasite.export.tables import tables_of
from exasite.export.text import cell, markdown, plain, slug, workbook_text
from exasite.export.workbook import SHEETS, workbook
from exasite.export.write import FORMATS, default_folder, export_plan, formats_of
from exasite.plans.records import Plan

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")
pytest.importorskip("jinja2")

HEADER = 4  # row of the header in every sheet
OURS = re.compile(r"^=(ROUND\([A-Z]+\d+[*-][A-Z]+\d+,2\)|SUM\([A-Z$\d:]+\)|SUMIF\('Bill of materials'![A-Z$\d:]+,[A-Z]+\d+,"
                  r"'Bill of materials'![A-Z$\d:]+\)|'Bill of materials'![A-Z]+\d+|([A-Z]+\d+\+)?[A-Z]+\d+)$")  # fmt: skip


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


def column(sheet, title):
    return next(c.column for c in sheet[HEADER] if str(c.value).split("\n")[0] == title)


@pytest.mark.parametrize("name", (SMALL, "us-portfolio"))
def test_the_workbook_says_what_the_plan_says(name):
    made = plan(name)
    book = opened(workbook(made), data_only=True)  # the values that are kept beside the formulas
    bill = book["Bill of materials"]
    total = column(bill, "Total")
    values = [bill.cell(HEADER + 1 + k, total).value for k in range(len(made.bill))]
    assert values == pytest.approx([row.total_usd for row in made.bill])
    assert bill.cell(HEADER + 1 + len(made.bill), total).value == pytest.approx(made.total_usd, abs=0.001)
    for key, title in SHEETS.items():
        sheet, table = book[title], tables_of(made)[key]
        assert [str(c.value).split("\n")[0] for c in sheet[HEADER]] == [c.title for c in table.columns]
        assert sheet.freeze_panes and sheet.print_title_rows and sheet.page_setup.orientation == "landscape"
        units = {c.title: c.unit for c in table.columns if c.unit and c.unit not in ("date", "as stated")}
        shown = dict(str(c.value).split("\n") for c in sheet[HEADER] if "\n" in str(c.value))
        assert {title_: unit.strip("[]") for title_, unit in shown.items()} == units


def charts(content):
    """The charts of a workbook as XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/chart")]


def test_the_workbook_has_its_charts():
    made = plan("off-grid-campus")
    found = charts(workbook(made))
    # capex, expenses, cash, timeline, and one a day, whose sources and demand are one chart
    assert len(found) == 4 + len(made.days)
    assert all("<c:f>" in chart for chart in found)


def test_the_workbook_recalculates_to_the_same_totals_in_pure_python(tmp_path):
    formulas = pytest.importorskip("formulas")
    made, path = plan(SMALL), tmp_path / "plan.xlsx"
    path.write_bytes(workbook(made))
    written = opened(path.read_bytes())
    solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    kept = opened(path.read_bytes(), data_only=True)
    compared = 0
    for sheet in written.worksheets:
        for row in sheet.iter_rows():
            for one in row:
                if one.data_type != "f":
                    continue
                key = f"'[plan.xlsx]{sheet.title.upper()}'!{one.coordinate}"
                value = solution[key].value[0, 0]
                assert not isinstance(value, str), (sheet.title, one.coordinate, value)  # no error cell
                assert float(value) == pytest.approx(kept[sheet.title][one.coordinate].value, abs=0.02)
                compared += 1
    assert compared > len([row for row in made.bill if row.unit_price_usd is not None]) + 2 * len(made.cash)


def test_a_changed_count_changes_the_totals(tmp_path):
    """The formulas are live: another count gives another sum, a difference to the design, and site total."""
    formulas = pytest.importorskip("formulas")
    made = plan(SMALL)
    book = opened(workbook(made))
    sheet = book["Bill of materials"]
    sheet.cell(HEADER + 1, column(sheet, "Count")).value += 1
    path = tmp_path / "plan.xlsx"
    book.save(path)
    solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    end = f"'[plan.xlsx]BILL OF MATERIALS'!{sheet.cell(HEADER + 1 + len(made.bill), column(sheet, 'Total')).coordinate}"
    assert solution[end].value[0, 0] == pytest.approx(made.total_usd + made.bill[0].unit_price_usd, abs=0.01)
    summary = book["Summary"]
    at = next(row for row in summary.iter_rows() if row[0].value == "Difference")
    difference = solution[f"'[plan.xlsx]SUMMARY'!{at[column(summary, 'Base') - 1].coordinate}"].value[0, 0]
    assert difference == pytest.approx(made.bill[0].unit_price_usd, abs=0.01)


def test_the_workbook_recalculates_in_libreoffice(tmp_path):
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    made, path = plan(SMALL), tmp_path / "plan.xlsx"
    path.write_bytes(workbook(made))
    subprocess.run([office, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", tmp_path / "out",
                    path], check=True, capture_output=True, timeout=120)  # fmt: skip
    book = openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx", data_only=True)
    bill = book["Bill of materials"]
    assert bill.cell(HEADER + 1 + len(made.bill), column(bill, "Total")).value == pytest.approx(made.total_usd, abs=0.01)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            assert not any(isinstance(v, str) and v.startswith("#") and v.endswith(("!", "?", "A")) for v in row)


def test_only_our_formulas_stand_in_the_workbook():
    for text in PLANS:
        content = workbook(hostile_plan(plan(SMALL), text))
        for chart in charts(content):
            for place in re.findall(r"<c:f>(.*?)</c:f>", chart):
                assert re.fullmatch(r"(Hours|'?(Cash flow|Timeline|Capex|Expenses)'?)![$A-Z0-9:]+", place), (text, place)
        for sheet in opened(content).worksheets:
            assert not sheet._hyperlinks
            for row in sheet.iter_rows():
                for one in row:
                    if one.data_type == "f":
                        assert OURS.match(str(one.value)), (text, sheet.title, one.coordinate, one.value)


def test_csv_cells_are_no_formulas():
    for text in PLANS:
        for name, content in csv_files(hostile_plan(plan(SMALL), text)).items():
            rows = list(csv.reader(io.StringIO(content)))
            assert len({len(row) for row in rows}) == 1, (name, text)  # nothing breaks out of its cell
            for value in (value for row in rows for value in row):
                assert not value.strip() or value.lstrip()[0] not in "=+@\uff1d", (name, value)
                if value.startswith("-"):
                    float(value)  # a negative number, nothing else


class _Page(HTMLParser):
    """What a page is made of."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    found = _Page()
    found.feed(page)
    found.close()
    return found


def test_no_text_becomes_markup_on_the_page():
    tame = read(html_page(plan(SMALL)))
    assert "script" not in tame.tags and {"table", "svg", "nav", "main"} <= tame.tags
    for text in PLANS:
        page = html_page(hostile_plan(plan(SMALL), text))
        found = read(page)
        assert found.tags == tame.tags, text
        for tag, name, value in found.attributes:
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src"):
                assert value.startswith("#") or value == "data:,", (tag, value)
        anchors = [value for _, name, value in found.attributes if name == "id"]
        assert len(anchors) == len(set(anchors)) and all(re.fullmatch(r"[a-z0-9-]+", a) for a in anchors)


def test_no_text_becomes_markup_in_markdown():
    markdown_it = pytest.importorskip("markdown_it")
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def kinds(text):
        tokens = reader.parse(text)
        inline = [child for token in tokens for child in token.children or ()]
        return {t.type for t in [*tokens, *inline]}, sum(t.type == "tr_open" for t in tokens), tokens

    allowed = {"text", "softbreak", "inline", "code_inline", "heading_open", "heading_close", "paragraph_open",
               "paragraph_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
               "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "bullet_list_open",
               "bullet_list_close", "list_item_open", "list_item_close", "text_special"}  # fmt: skip
    tame = kinds(markdown_page(plan(SMALL)))
    for text in PLANS:
        found, rows, tokens = kinds(markdown_page(hostile_plan(plan(SMALL), text)))
        assert found <= allowed, (text, found - allowed)
        assert rows == tame[1], text
        assert sum(t.type == "heading_open" for t in tokens) == sum(t.type == "heading_open" for t in tame[2])


def test_texts_survive_json_as_they_are():
    for text in PLANS:
        made = hostile_plan(plan(SMALL), text)
        assert Plan.from_json(made.to_json()) == made


def test_files_stay_in_their_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in TEXTS:
        head = plan(SMALL).header.model_copy(update={"name": text})
        folder = default_folder(plan(SMALL).model_copy(update={"header": head}))
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,70}", folder.name) and folder.parent == Path(), text
    written = export_plan(hostile_plan(plan(SMALL), "../../x"), formats=("json", "csv"))
    assert written and all(tmp_path in path.resolve().parents for path in written)


@given(st.text(max_size=60))
def test_any_text_is_inert(text):
    assert "\n" not in plain(text) and "\x00" not in plain(text)
    first = cell(text).lstrip()[:1]
    assert not first or first not in "=+-@"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert len(workbook_text(text * 1000)) <= 32_767
    assert "\n" not in markdown(text)
    assert "<" not in markdown(text) or markdown(text).startswith("`")


def test_every_column_is_in_the_dictionary():
    files = csv_files(plan("us-portfolio"))
    rows = list(csv.DictReader(io.StringIO(files[DICTIONARY])))
    for name, content in files.items():
        if name != DICTIONARY:
            header = next(csv.reader(io.StringIO(content)))
            assert header == [row["column"] for row in rows if row["file"] == name]
    assert all(row["meaning"] for row in rows)
    assert all(column.meaning and column.title for column in COLUMNS.values())


def test_csv_holds_the_bill_to_the_cent():
    rows = list(csv.DictReader(io.StringIO(csv_files(plan("us-portfolio"))["bill.csv"])))
    assert round(sum(float(row["total_usd"]) for row in rows), 2) == plan("us-portfolio").total_usd


@pytest.mark.parametrize("name", (SMALL, *SAVED))
def test_a_saved_plan_reads_back(name):
    assert Plan.from_json(plan(name).to_json()) == plan(name)


def test_all_formats_of_many_sites(tmp_path):
    written = export_plan(plan("us-portfolio"), tmp_path / "deep" / "plan")
    assert {path.name for path in written} >= {"plan.json", "plan.xlsx", "plan.html", "plan.md", "bill.csv", DICTIONARY}
    page = (tmp_path / "deep" / "plan" / "plan.html").read_text(encoding="utf-8")
    for number in range(1, len(plan("us-portfolio").sites) + 1):
        assert f'<section id="site-{number}-' in page
    text = (tmp_path / "deep" / "plan" / "plan.md").read_text(encoding="utf-8")
    sums = [float(value.replace(",", "")) for value in re.findall(r"Sum of all rows: ([\d,.]+) USD", text)]
    assert len(sums) == len(plan("us-portfolio").sites)
    assert sum(sums) == pytest.approx(plan("us-portfolio").total_usd, abs=0.01)


def test_the_same_plan_gives_the_same_files():
    made = plan(SMALL)
    assert html_page(made) == html_page(made) and csv_files(made) == csv_files(made)
    assert workbook(made) == workbook(made)


def test_formats_that_do_not_exist_are_all_named(tmp_path):
    assert formats_of(" html, XLSX") == ("xlsx", "html") and formats_of(",".join(FORMATS)) == FORMATS
    with pytest.raises(exasite.InputError) as error:
        formats_of("docx,htm")
    assert len(error.value.problems) == 2 and "html" in error.value.problems[1].fix
    with pytest.raises(exasite.InputError):
        formats_of(" , ")
    (tmp_path / "file").write_text("")
    with pytest.raises(exasite.InputError, match="cannot write"):
        export_plan(plan(SMALL), tmp_path / "file" / "plan", ("json",))
