"""The page in a browser: nothing in the console, nothing from the network, charts, focus, phones to wide screens."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest
from hostile import hostile_plan
from plan_results import SMALL, plan

pytest.importorskip("jinja2")
from exasite.export.html_page import html_page

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (390, 768, 1280, 1920)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Run in a copy of the page without its policy, which allows no script at all.
PROBE = """
<script>
addEventListener("load", () => {
  const found = {widths: {}, svgs: [], focus: [], names: []};
  const focusable = "a[href],summary,[tabindex]";
  for (const e of document.querySelectorAll(focusable)) {
    e.focus(); if (document.activeElement === e && e.tabIndex >= 0) found.focus.push(e.tagName + " " + (e.getAttribute("href") || e.getAttribute("aria-label") || e.textContent).slice(0, 60));
  }
  for (const s of document.querySelectorAll("svg")) {
    const box = s.getBBox(), view = s.viewBox.baseVal;
    found.svgs.push({label: s.getAttribute("aria-label"), marks: s.querySelectorAll("rect,polyline,path,line").length,
      inside: box.x >= -2 && box.y >= -2 && box.x + box.width <= view.width + 2 && box.y + box.height <= view.height + 2});
  }
  document.title = "";
  document.body.innerHTML = "";
  const out = document.createElement("pre"); out.id = "found";
  out.textContent = JSON.stringify(found); document.body.append(out);
});
</script>
"""


def browse(tmp_path, name, page, width, *options):
    """The page after it was loaded, and what the browser logged."""
    path = tmp_path / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-features=NetworkTimeServiceQuerying", f"--user-data-dir={tmp_path / 'profile'}",
         f"--window-size={width},1200", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
         "--virtual-time-budget=4000", *options, "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr


def probed(tmp_path, page, width):
    dom, _ = browse(tmp_path, f"probe{width}", POLICY.sub("", page).replace("</body>", PROBE + "</body>"), width)
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-500:]
    return json.loads(html.unescape(found.group(1)))


pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def urls(log):
    """Every address the browser asked for, without its query."""
    found = re.findall(r'"url":"(.*?)"', log.read_text(encoding="utf-8", errors="replace"))
    return {url.split("?")[0] for url in found}


def urls_of_nothing(tmp_path):
    """What the browser asks for of its own accord."""
    log = tmp_path / "nothing.json"
    browse(tmp_path, "nothing", "<!DOCTYPE html><link rel=icon href='data:,'><p>", 1280, f"--log-net-log={log}")
    return {url for url in urls(log) if not url.startswith("file:")}


@pytest.mark.parametrize("name", (SMALL, "us-portfolio"))
def test_the_page_says_nothing_to_the_console_and_asks_for_nothing(tmp_path, name):
    log = tmp_path / "net.json"
    dom, said = browse(tmp_path, "plan", html_page(plan(name)), 1280, f"--log-net-log={log}")
    assert "Build plan" in dom and "</html>" in dom
    assert "CONSOLE" not in said, [line for line in said.splitlines() if "CONSOLE" in line]
    asked = urls(log) - urls_of_nothing(tmp_path)
    assert all(url.startswith("file:///") and url.endswith("/plan.html") for url in asked), asked
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", dom)


def test_hostile_texts_run_nothing(tmp_path):
    page = html_page(
        hostile_plan(
            plan(SMALL), "\"><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
        )
    )
    dom, said = browse(tmp_path, "hostile", POLICY.sub("", page), 1280)  # even without the policy of the page
    assert "CONSOLE" not in said
    assert re.search(r"<title>(.*?)</title>", dom, re.DOTALL).group(1).startswith("Build plan:")
    assert "<img" not in dom and "<script" not in dom


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_width(tmp_path, width):
    """Wide tables scroll in their own frame; the page itself never scrolls sideways."""
    page = html.escape(POLICY.sub("", html_page(plan("us-portfolio"))), quote=True)
    frame = f"""<!DOCTYPE html><iframe id="f" style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe>
    <script>addEventListener("load", () => {{ const d = document.getElementById("f").contentDocument.documentElement;
    document.body.innerHTML = `<pre id="found">${{d.scrollWidth}} ${{d.clientWidth}} ${{d.querySelectorAll("svg").length}}</pre>` }})</script>"""
    dom, _ = browse(tmp_path, f"width{width}", frame, 2000)
    scrolled, inner, drawn = map(int, re.search(r'<pre id="found">(.*?)</pre>', dom).group(1).split())
    assert inner == width and scrolled == width and drawn > 10


def test_charts_are_drawn_and_focus_goes_down_the_page(tmp_path):
    made = plan("us-portfolio")
    found = probed(tmp_path, html_page(made), 1280)
    # capex and cash once, diagram and timeline a site, and the days
    assert len(found["svgs"]) == 2 + 2 * len(made.sites) + len(made.days)
    assert all(svg["label"] and svg["marks"] >= 5 and svg["inside"] for svg in found["svgs"]), found["svgs"]
    assert found["focus"][0] == "A #plan"  # the way past the navigation comes first
    links = [name for name in found["focus"] if name.startswith("A #")]
    assert len(links) == 2 + len(made.sites) + 3 and links[1] == "A #summary" and links[-1] == "A #appendix"
    assert any(name.startswith("SUMMARY") for name in found["focus"])
    assert sum(name.startswith("DIV ") for name in found["focus"]) > 20  # tables that scroll can be reached by key
