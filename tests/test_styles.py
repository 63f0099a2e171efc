"""An article links one style sheet of two; what it and the scripts write must not be styled in the other only."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Templates an article page is put together from, besides those it shares with every page.
ACCESS = ("_get_access", "_access_line", "_offers", "_offer_words", "_rental_ready")
ARTICLE = ("journal/article.html", "journal/_*.html", *(f"subscriptions/{name}.html" for name in ACCESS))
FRAME = ("base.html", "components/_masthead.html", "components/_footer.html", "components/_messages.html")
#: The first two have a sheet that the article links where it has them; a countdown is styled in lists only.
ELSEWHERE = {"languages", "language", "countdown"}
NOT_OF_ARTICLES = {"_chosen.html", "_facets.html", "_listing.html", "_nothing_found.html"}
IN_A_SCRIPT = re.compile(r'class(?:Name = |="|List\.\w+\()"?([\w -]+)"')


def styled_in(entry: str) -> set[str]:
    css = (ROOT / "static/css" / entry).read_text()
    files = [ROOT / "static/css" / name for name in re.findall(r'url\("([^"]+)"\)', css)]
    return {name for file in files for name in re.findall(r"\.([a-z][a-z-]*)", file.read_text())}


def test_no_class_of_an_article_is_styled_in_the_sheet_that_it_does_not_link() -> None:
    templates = [file for pattern in (*ARTICLE, *FRAME) for file in (ROOT / "templates").glob(pattern)]
    used = {
        (file.name, name)
        for file in templates
        if file.name not in NOT_OF_ARTICLES
        for names in re.findall(r'class="([^"{]*)', file.read_text())
        for name in names.split()
    }
    of_every_page = re.findall(r'import "./([\w-]+\.js)"', (ROOT / "static/js/site.js").read_text())
    for script in (ROOT / "static/js" / name for name in (*of_every_page, "viewer.js")):
        used |= {(script.name, name) for names in IN_A_SCRIPT.findall(script.read_text()) for name in names.split()}
    assert ("page-dialog.js", "dialog-body") in used
    assert ("viewer.js", "downloads") in used
    missing = styled_in("pages.css") - styled_in("site.css") - ELSEWHERE
    assert {one for one in used if one[1] in missing} == set()


def test_the_pattern_library_shows_every_component() -> None:
    """A component that is not there is changed without being looked at."""
    shown = (ROOT / "templates/components/pattern_library.html").read_text()
    files = {file.name for file in (ROOT / "static/css/components").glob("*.css")}
    assert len(files) > 30
    assert {name for name in files if name not in shown} == set()
