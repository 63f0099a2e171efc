"""Addresses: which links a page may carry, and how identifiers become links."""

import re
from urllib.parse import quote, unquote

DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_WEB = re.compile(r"https?://[^\s/?#\\@]+(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
#: An address as most are, of which nothing has to be encoded.
_USUAL = re.compile(r"https?://[A-Za-z0-9.-]+(?:/[A-Za-z0-9./_~:?=&#+;()-]*)?")
_BARE_HOST = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::\d+)?(?:[/?#].*)?", re.DOTALL)
#: What looks like a host and is the name of a file.
_FILE = re.compile(
    r"[^/?#]+\.(?:pdf|docx?|xlsx?|pptx?|csv|tsv|txt|rtf|tex|xml|html?|zip|t?gz|tar|rar|7z|mp[34]|mov|avi|wmv|mpe?g|wav|"
    r"jpe?g|png|gif|tiff?|eps|webp|svg|bmp|fasta|nex|cif)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def safe_url(raw: str) -> str:
    """An http, https or mailto address, percent-encoded; "" for everything else (javascript:, data:, ftp:, file: …).

    An address without a scheme that starts with a host name gets ``https://``.
    """
    if _USUAL.fullmatch(raw):
        return raw
    url = _CONTROL.sub("", raw)
    if url.startswith("//"):
        url = "https:" + url
    if _WEB.fullmatch(url):
        return quote(url, safe="%/:=&?~#+!$,;'@()*[]|")
    if url.lower().startswith("mailto:"):
        return mail_url(url[7:].partition("?")[0])
    if _BARE_HOST.fullmatch(url) and not _FILE.fullmatch(url):
        return safe_url("https://" + url)
    return ""


def mail_url(address: str) -> str:
    address = address.strip()
    return "mailto:" + quote(address, safe="@.!+-_'") if _MAIL.fullmatch(address) else ""


def find_doi(text: str) -> str:
    """The DOI in a text, a DOI URL or a ``doi:`` string, without what punctuation follows it; "" if there is none."""
    match = DOI.search(unquote(text) if "%2" in text and "%2f" in text.lower() else text)
    return match.group().rstrip(".,;:)]}'’”") if match else ""


_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}


def declared_doi(text: str) -> str:
    """The DOI of a field that holds nothing else: here brackets are part of it, as in a SICI; else ""."""
    bare = re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", text.strip(), flags=re.IGNORECASE)
    bare = unquote(bare) if bare != text.strip() else bare
    if not re.fullmatch(r"10\.\d{4,9}/[^\s\"\\]+", bare):
        return find_doi(text)
    bare = bare.rstrip(".,;:'’”")
    while bare[-1] in _BRACKETS and bare.count(bare[-1]) > bare.count(_BRACKETS[bare[-1]]):
        bare = bare[:-1]
    return bare


_OFTEN = re.compile(r"[A-Za-z0-9/:;()._-]*", re.ASCII)


def doi_url(doi: str) -> str:
    return "https://doi.org/" + (doi if _OFTEN.fullmatch(doi) else quote(doi, safe="/:;()._-"))


def _digits(identifier: str) -> str:
    match = re.search(r"\d+", identifier)
    return match.group() if match else ""


def _accession(identifier: str) -> str:
    match = re.search(r"[A-Za-z]{0,6}_?\d[A-Za-z0-9_.\-]*", identifier)
    return quote(match.group()) if match else ""


def _doi_link(identifier: str) -> str:
    doi = find_doi(identifier)
    return doi_url(doi) if doi else ""


def pmid_url(identifier: str) -> str:
    digits = _digits(identifier)
    return f"https://pubmed.ncbi.nlm.nih.gov/{digits}/" if digits else ""


def pmcid_url(identifier: str) -> str:
    digits = _digits(identifier)
    return f"https://pmc.ncbi.nlm.nih.gov/articles/PMC{digits}/" if digits else ""


def trial_url(identifier: str) -> str:
    """The trial's entry in ClinicalTrials.gov or ISRCTN, the registers that have an address for each."""
    match = re.search(r"NCT\d{8}", identifier, re.IGNORECASE)
    if match:
        return f"https://clinicaltrials.gov/study/{match.group().upper()}"
    match = re.search(r"ISRCTN\d{8}", identifier, re.IGNORECASE)
    return f"https://www.isrctn.com/{match.group().upper()}" if match else ""


_CREATIVE_COMMONS = re.compile(
    r"https?://creativecommons\.org/licenses/(by(?:-[a-z]{2})*)/(\d\.\d)(?:/|$)", re.IGNORECASE
)


def license_name(url: str) -> str:
    """`CC BY-NC 4.0`, `CC0 1.0`; an address that is no such license names itself."""
    found = _CREATIVE_COMMONS.match(url)
    if found:
        return f"CC {found[1].upper()} {found[2]}"
    return "CC0 1.0" if re.match(r"https?://creativecommons\.org/publicdomain/zero/1\.0", url) else url


def nucleotide_url(identifier: str) -> str:
    accession = _accession(identifier)
    return f"https://www.ncbi.nlm.nih.gov/nuccore/{accession}" if accession else ""


def pdb_url(identifier: str) -> str:
    match = re.fullmatch(r"\s*(?:pdb[: ]*)?([0-9][A-Za-z0-9]{3})\s*", identifier, re.IGNORECASE)
    return f"https://www.rcsb.org/structure/{match.group(1)}" if match else ""


def arxiv_url(identifier: str) -> str:
    match = re.search(r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?", identifier)
    return f"https://arxiv.org/abs/{match.group()}" if match else ""


_BY_TYPE = {
    "doi": _doi_link,
    "pmid": pmid_url,
    "pubmed": pmid_url,
    "pmc": pmcid_url,
    "pmcid": pmcid_url,
    "pmc-pmcid": pmcid_url,
    "clinicaltrials.gov": trial_url,
    "clintrialgov": trial_url,
    "ddbj/embl/genbank": nucleotide_url,
    "genbank": nucleotide_url,
    "gen": nucleotide_url,
    "pdb": pdb_url,
    "arxiv": arxiv_url,
}


def typed_url(kind: str, raw: str) -> str:
    """The address for JATS ``ext-link-type`` or ``pub-id-type`` and its value; "" when none can be made safely."""
    url = safe_url(raw)
    if url and _SCHEME.match(raw.strip()):
        return url
    make = trial_url if raw.lower().startswith("ctgov:") else _BY_TYPE.get(kind.strip().lower())
    return (make(raw) if make else "") or url or (_doi_link(raw) if raw.startswith("10.") else "")


_EXTENSION = re.compile(
    r"\.(?:jpe?g|png|gif|tiff?|webp|avif|bmp|eps|svgz?|pdf|emf|wmf)$",
    re.IGNORECASE,
)


def stem(graphic: str) -> str:
    """A graphic's or a file's name without folder and picture extension: how pictures are looked up."""
    base = graphic.replace("\\", "/").rpartition("/")[2].partition("?")[0].partition("#")[0]
    return _EXTENSION.sub("", base).strip().lower()


def file_name(address: str) -> str:
    """The lower-case name of a file of the package, without its folder; "" for an address on the web."""
    return "" if "://" in address else address.replace("\\", "/").rpartition("/")[2].strip().lower()


def orcid(raw: str) -> str:
    """An ORCID iD ``0000-0000-0000-000X`` whose ISO 7064 MOD 11-2 check digit is right; else ""."""
    match = re.search(r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])\s*/?\s*$", raw.strip())
    if not match:
        return ""
    digits = "".join(match.groups()).upper()
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return "-".join(match.groups()).upper() if digits[-1] == "0123456789X"[check] else ""
