"""Formulas: MathML Core copied by allow-list, older MathML rewritten to it, TeX converted here and now."""

import re
from collections.abc import Callable

from latex2mathml.converter import convert
from lxml import etree

from journal.jats.markup import attribute, element, escape
from journal.jats.render.rendering import Rendering, block, inline
from journal.jats.tree import MATHML, Element, children_of, first_child, name, names, raw_text, text_of

CORE = names(
    "math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup "
    "munder mover munderover mmultiscripts mprescripts mtable mtr mtd"
)
_BOOLEAN = re.compile("true|false")
_LENGTH = re.compile(r"[+-]?\d*\.?\d+(?:em|ex|px|pt|%)?")
#: Attribute → what its value must look like.
ATTRIBUTES = {
    **dict.fromkeys(
        names("accent accentunder displaystyle fence largeop movablelimits separator stretchy symmetric"), _BOOLEAN
    ),
    **dict.fromkeys(names("width height depth lspace rspace minsize maxsize voffset linethickness"), _LENGTH),
    **dict.fromkeys(names("columnspan rowspan"), re.compile(r"[1-9]\d?")),
    "scriptlevel": re.compile(r"[+-]?\d"),
    "form": re.compile("prefix|infix|postfix"),
    "mathvariant": re.compile("normal"),
    "dir": re.compile("ltr|rtl"),
}
#: Not drawn: other encodings of the same formula, spacing of old table models.
DROPPED = names("annotation annotation-xml maligngroup malignmark none")
#: Names of MathML 2 and 3.
KNOWN = CORE | DROPPED | names("mfenced mlabeledtr semantics maction menclose mglyph")
MAX_TEX = 5000
_STYLES = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "bold-italic": (0x1D468, 0x1D482, 0),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8),
    "script": (0x1D49C, 0x1D4B6, 0),
    "bold-script": (0x1D4D0, 0x1D4EA, 0),
    "fraktur": (0x1D504, 0x1D51E, 0),
    "bold-fraktur": (0x1D56C, 0x1D586, 0),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "bold-sans-serif": (0x1D5D4, 0x1D5EE, 0x1D7EC),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6),
}
#: Letters that Unicode had before the mathematical alphabets and that are missing from them.
_HOLES = dict(zip("𝑕𝒝𝒠𝒡𝒣𝒤𝒧𝒨𝒭𝒺𝒼𝓄𝔆𝔋𝔌𝔕𝔝𝔺𝔿𝕅𝕇𝕈𝕉𝕑", "ℎℬℰℱℋℐℒℳℛℯℊℴℭℌℑℜℨℂℍℕℙℚℝℤ", strict=True))


@inline("mml:math")
def math(_r: Rendering, el: Element) -> str:
    shown = "block" if _is_display(el) else "inline"
    return f"<math{attribute('display', shown)}>{_children(el)}</math>"


def _is_display(el: Element) -> bool:
    return next(el.iterancestors("disp-formula", "inline-formula"), el).tag == "disp-formula"


@inline("math")
def math_of_no_namespace(r: Rendering, el: Element) -> str:
    """A formula whose namespace was forgotten, when everything in it is named as in MathML; else its words."""
    inner = list(el.iter(etree.Element))
    if not len(el) or any(found.tag not in KNOWN for found in inner):
        r.warn("unknown-element", "<math> outside of MathML's namespace is shown as its words.", el)
        return r.inline(el)
    for found in inner:
        found.tag = MATHML + str(found.tag)
    return math(r, el)


def _children(el: Element) -> str:
    if not len(el):
        return escape(el.text)
    loose = _loose(el.text)
    return loose + "".join([_core(child) + _loose(child.tail) for child in children_of(el)])


def _loose(text: str | None) -> str:
    """Words that stand beside elements, where MathML has none."""
    return element("mtext", escape(text)) if text and not text.isspace() else ""


def _core(el: Element) -> str:
    """One MathML element as MathML Core; anything else gives its text."""
    prefix, _, tag = name(el).rpartition(":")
    if prefix != "mml":
        return element("mtext", escape(text_of(el))) if text_of(el) else ""
    if tag in DROPPED:
        return "<mrow></mrow>" if tag == "none" else ""
    rewrite = _REWRITES.get(tag)
    if rewrite is not None:
        return rewrite(el)
    if tag in ("mi", "mn", "mo", "ms", "mtext"):
        return element(tag, _token(el), _attributes(el))
    return element(tag if tag in CORE and tag != "math" else "mrow", _children(el), _attributes(el))


def _token(el: Element) -> str:
    """A token's text, its letters replaced by those of the mathematical alphabet its mathvariant names."""
    text = raw_text(el) if el.tag == MATHML + "mtext" else raw_text(el).strip(" \t\r\n")
    variant = el.get("mathvariant", "")
    return escape("".join(_styled(letter, _STYLES[variant]) for letter in text) if variant in _STYLES else text)


def _styled(letter: str, starts: tuple[int, int, int]) -> str:
    upper, lower, digit = starts
    if "A" <= letter <= "Z":
        letter = chr(upper + ord(letter) - 65)
    elif "a" <= letter <= "z":
        letter = chr(lower + ord(letter) - 97)
    elif "0" <= letter <= "9" and digit:
        letter = chr(digit + ord(letter) - 48)
    return _HOLES.get(letter, letter)


def _attributes(el: Element) -> str:
    kept = ""
    for key, value in el.attrib.items():
        pattern = ATTRIBUTES.get(str(key))
        if pattern is not None and pattern.fullmatch(str(value).strip()):
            kept += attribute(str(key), str(value).strip())
    return kept


def _fenced(el: Element) -> str:
    """`mfenced` as MathML 3 defines it: fences and separators written out.

    Children with a bare operator among them are one expression, not a list of arguments: no commas between those.
    """
    usual = "" if any(name(child) == "mml:mo" for child in el) else ","
    separators = el.get("separators", usual).replace(" ", "")
    inner: list[str] = []
    for place, child in enumerate(el):
        if place and separators:
            inner.append(element("mo", escape(separators[min(place, len(separators)) - 1]), ' separator="true"'))
        inner.append(_core(child))
    left, right = (
        _fence(el.get(key, default), form)
        for key, default, form in (("open", "(", "prefix"), ("close", ")", "postfix"))
    )
    return element("mrow", left + "".join(inner) + right)


def _fence(sign: str, form: str) -> str:
    return element("mo", escape(sign.strip()), f' fence="true" form="{form}"') if sign.strip() else ""


def _labeled_row(el: Element) -> str:
    """`mlabeledtr`: the label is its first cell; it goes to the end, where a number is read."""
    cells = [_core(child) for child in el]
    return element("mtr", "".join([*cells[1:], *cells[:1]]))


def _first(el: Element) -> str:
    return _core(el[0]) if len(el) else ""


def _in_row(el: Element) -> str:
    return element("mrow", _children(el))


def _glyph(el: Element) -> str:
    return element("mtext", escape(el.get("alt")))


_REWRITES: dict[str, Callable[[Element], str]] = {
    "mfenced": _fenced,
    "mlabeledtr": _labeled_row,
    "semantics": _first,
    "maction": _first,
    "menclose": _in_row,
    "mglyph": _glyph,
}


@inline("tex-math")
def tex(r: Rendering, el: Element) -> str:
    """TeX converted to MathML and passed through the same allow-list; shown as source if that fails."""
    source = _formula_of(el.text or "")
    try:
        if not source or len(source) > MAX_TEX:
            raise ValueError("empty or too long")
        converted = re.sub(r"&(?!#?\w+;)", "&amp;", convert(source))
        parsed = etree.fromstring(converted.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except Exception:  # the converter raises what it likes: the source is then all there is
        r.warn("tex", "A TeX formula could not be converted and is shown as TeX.", el)
        return f'<code class="tex">{escape(source)}</code>'
    shown = "block" if _is_display(el) else "inline"
    return f'<math display="{shown}">{_children(parsed)}</math>'


def _formula_of(source: str) -> str:
    """The formula without LaTeX preamble, document environment and dollar signs."""
    match = re.search(r"\\begin\{document\}(.*?)\\end\{document\}", source, re.DOTALL)
    source = (match.group(1) if match else source).strip()
    return re.sub(r"^(?:\$\$?|\\\[|\\\()|(?:\$\$?|\\\]|\\\))$", "", source).strip()


@inline("inline-formula")
def inline_formula(r: Rendering, el: Element) -> str:
    attributes = r.anchor(el)
    return f"<span{attributes}>{r.inline(el)}</span>" if attributes else r.inline(el)


@block("disp-formula")
def display_formula(r: Rendering, el: Element) -> str:
    label = first_child(el, "label")
    number = f'<span class="formula-label">{r.inline(label)}</span>' if label is not None else ""
    content = r.flow(el, skip=("label", "object-id", "alt-text", "long-desc"), wrap=False)
    return f'<div class="formula"{r.id(el, "formula")}>{content}{number}</div>'


@block("disp-formula-group")
def formula_group(r: Rendering, el: Element) -> str:
    return f'<div class="formula-group"{r.id(el, "formulas")}>{r.flow(el)}</div>'
