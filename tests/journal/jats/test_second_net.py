"""What is let through without nh3 is what nh3 would have given back, letter for letter; everything else goes through it."""

import random

import pytest

from journal.jats import read
from journal.jats.render import allowed, render
from journal.jats.render.allowed import clean, clean_and_read
from journal.jats.render.maths import CORE
from tests.journal.corpus import ARTICLES, needs_corpus

nh3 = allowed._cleaner
TREES = 4000
NAMES = [*sorted(allowed._TAGS | CORE), "script", "svg", "form", "template", "h1", "center"]
VALUES = (
    "a-1",
    "https://example.org/?a=1&amp;b=2",
    "javascript:alert(1)",
    "2",
    "a &quot;word&quot;",
    "&#106;avascript:",
    "x y",
)
KEYS = ("id", "class", "href", "src", "colspan", "onclick", "style", "lang", "rel", "display", "alt")
WORDS = ("heron", " ", "", "a &amp; b", "\xa0", "&lt;b&gt;", "\n", "1 &gt; 0")
ODD_WORDS = ("&quot;", "&copy;", "\r", ">", "a")

ODD = (
    "<script>alert(1)</script>", "<p onclick=\"alert(1)\">a</p>", '<a href="javascript:alert(1)">a</a>',
    '<a href="java\tscript:alert(1)">a</a>', '<a href="&#106;avascript:alert(1)">a</a>', '<a href="data:text/html,a">a</a>',
    "<a href=https://example.org>a</a>", "<a href='https://example.org'>a</a>", '<a href="https://example.org" href="/">a</a>',
    '<a href="#a"><span><a href="#b">a</a></span></a>', "<p>a<p>b</p></p>", "<p><span><div>a</div></span></p>", "<p>a</p></div>",
    "<div><p>a</div>", "<ul><li><li>a</li></li></ul>", "<ul><li><div><li>a</li></div></li></ul>", "<td>a</td>", "<li>a",
    "<table>a<tbody><tr><td>b</td></tr></tbody></table>", "<table><tr><td>b</td></tr></table>",
    "<table><tbody><tr>a<td>b</td></tr></tbody></table>", "<table><tbody><tr><td>b</td>a</tr></tbody></table>",
    "<h2><h3>a</h3></h2>", "<dl><div><dt>a</dt><dd>b</dd></div></dl>", "<div><dt>a</dt></div>", "<dl><dd><div><dt>a</dt></div></dd></dl>",
    "<math><mtext><p>a</p></mtext></math>", "<math><mi><b>a</b></mi></math>", "<math><p>a</p></math>", "<mi>a</mi>",
    "<math><annotation-xml encoding=\"text/html\"><p>a</p></annotation-xml></math>", "<svg><p>a</p></svg>", "<!-- a --><p>b</p>",
    "<P>a</P>", "<p >a</p>", "<p/>a", "<br/>", "<br></br>", "<p>a</p >", "<pre class=\"code\">\na</pre>", "<p>a < b</p>", "<p>a > b</p>",
    "<p>a &unknown; b</p>", "<p>&#x27;</p>", "<p>a\r\nb</p>", "<p>a\x00b</p>", "\x00<p>a</p>", "<p\x00>a</p>", "a>p<b>/p<c", "<p>a<b</p>", '<p">a</p>', '<p>a</p">', '<p class="a"">b</p>',
    "<p>a>b>c</p>", "<p>a</p><", "<p>a</p>>",
    "<pre class=\"code\">a</pre>", "<pre>\n\na</pre>", "<div><pre>a\n</pre></div>", "<p><pre>a</pre></p>", "<pre><p>a</p></pre>",
    '<p id="a>b">c</p>', '<p class="a">b</p class="c">', '<p class="a>b', '<a href="/a" class="b" href="/c">d</a>', "<p title=\"a\">b</p>", "<b><i>a</b></i>", "<p", "<p class=\"a>b</p>",
    '<p class="a<b">c</p>', '<img src="javascript:alert(1)" alt="">', '<img src="/a.webp" onerror="alert(1)" alt="">', "<img src=\"/a\">b</img>",
    "<template><p>a</p></template>", "<form><p>a</p></form>", "<a>b</a", "</p>", "<>", "<?php a ?>", "<![CDATA[a]]>", "<caption>a</caption>",
)  # fmt: skip


@pytest.mark.parametrize("fragment", ODD)
def test_what_is_odd_goes_through_nh3(fragment: str) -> None:
    assert clean(fragment) == nh3.clean(fragment)
    assert clean_and_read(fragment)[0] == nh3.clean(fragment)


def test_whatever_is_let_through_nh3_would_have_left_as_it_is() -> None:
    simple = 0
    for seed in range(TREES):
        fragment = tree(random.Random(seed), 4)
        if "<" in fragment:
            assert clean(fragment) == nh3.clean(fragment), fragment
            simple += allowed._taken_apart(fragment) is not None
    assert simple > TREES / 10  # the test tries what it is about


def tree(chance: random.Random, depth: int) -> str:
    """Elements in elements as chance has it: half of them such as may stand there, some with an end tag too few."""
    return "".join(words(chance) + (element(chance, depth) if depth else "") for _ in range(chance.randint(0, 2)))


def words(chance: random.Random) -> str:
    return chance.choice(WORDS if chance.random() < 0.97 else ODD_WORDS)


def element(chance: random.Random, depth: int, holds: frozenset[str] = allowed._ANYTHING) -> str:
    name = chance.choice(sorted(holds) if chance.random() < 0.95 and holds else NAMES)
    keys = [key for key in KEYS if chance.random() < 0.03]
    start = name + "".join(f' {key}="{chance.choice(VALUES)}"' for key in keys)
    if name in allowed._VOID:
        return f"<{start}>"
    inner, within = "", allowed._HOLDS.get(name, frozenset())
    for _ in range(chance.randint(0, 2) if depth else 0):
        between_cells = name in ("table", "thead", "tbody", "tfoot", "tr")
        inner += "" if between_cells and chance.random() < 0.95 else words(chance)
        inner += element(chance, depth - 1, within) if within or chance.random() < 0.1 else ""
    return f"<{start}>{inner}" + ("" if chance.random() < 0.01 else f"</{name}>")


@needs_corpus
def test_every_fragment_of_real_articles_is_as_nh3_leaves_it_and_hardly_one_needs_it() -> None:
    letters = odd = 0
    for path in ARTICLES:
        doc = render(read(path.read_bytes()).article)
        fragments = [section.html for section in doc.sections] + [
            doc.references_html,
            doc.information_html,
            doc.byline_html,
        ]
        for fragment in (one for one in fragments if "<" in one):
            assert nh3.clean(fragment) == fragment
            letters += len(fragment)
            odd += len(fragment) if allowed._taken_apart(fragment) is None else 0
    assert odd < letters / 10
