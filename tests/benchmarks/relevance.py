"""`python -m tests.benchmarks.relevance`: judged queries over real articles; nDCG@10 of either engine.

The real articles are those of the shared corpus, with the sample journal's among them. A query names the articles that
answer it: 2 for what is asked for, 1 for what helps. Queries are of the kinds people type: topics, names, titles half
remembered, methods that stand in the text only, names without accents. Those that fare worst are printed, too.
"""

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.site import ROOT, remove, site_environment
from tests.journal.corpus import ARTICLES

#: query → the beginning of a file's or folder's name (or several) that answers it; a second line helps only.
JUDGED: dict[str, tuple[str, str]] = {
    "strength training running": ("10.1007_s40279", "10.3389_fphys"),
    "endurance running inflammation": ("10.3389_fphys", "10.1007_s40279"),
    "marathon inflammatory markers": ("10.3389_fphys", ""),
    "parastomal hernia": ("10.1016_j.ijscr", ""),
    "gastric outlet obstruction": ("10.1016_j.ijscr", ""),
    "gastric cancer chemotherapy": ("10.1093_jjco", "10.1186_s13063 10.1371_journal.pone.0001908"),
    "docetaxel cisplatin": ("10.1093_jjco", "10.1371_journal.pone.0001908"),
    "first-episode psychosis": ("10.1093_schbul", ""),
    "metacognitive training": ("10.1093_schbul", ""),
    "drosophila connectome": ("10.1101_2020", ""),
    "malignant pleural effusion": ("10.1136_bmjopen-2016", ""),
    "indwelling pleural catheter talc": ("10.1136_bmjopen-2016", ""),
    "metastatic prostate cancer radiotherapy": ("10.1136_bmjopen-2020", ""),
    "telmisartan losartan fatty liver": ("10.1155_2014", ""),
    "pituitary adenoma": ("10.1155_2016", ""),
    "clival chordoma": ("10.1155_2016", ""),
    "homeopathy headache": ("10.1186_1129", "winter-migraine"),
    "tension-type headache": ("10.1186_1129", "winter-migraine"),
    "calcium vitamin D fat loss": ("10.1186_1475", ""),
    "stage III colon cancer": ("10.1186_s13063", ""),
    "growth hormone small for gestational age": ("10.1186_s13633", ""),
    "spinal accessory nerve stimulation": ("10.1186_s40463", ""),
    "neck dissection shoulder": ("10.1186_s40463", ""),
    "CRISPR rabbit": ("10.1242_dmm", ""),
    "duchenne muscular dystrophy": ("10.1242_dmm", ""),
    "phylogenetic trees clade confidence": ("10.1371_journal.pcbi", ""),
    "why most research findings are false": ("10.1371_journal.pmed.0020124", ""),
    "ioannidis": ("10.1371_journal.pmed.0020124", ""),
    "author:sorensen": ("10.1371_journal.pmed.0020171", ""),
    "Sørensen weight mortality": ("10.1371_journal.pmed.0020171", ""),
    "intention to lose weight": ("10.1371_journal.pmed.0020171", ""),
    "rational prescribing primary care": ("10.1371_journal.pmed.0030134", ""),
    "odds ratios": ("10.1371_journal.pmed.0030205", ""),
    "sanitation India": ("10.1371_journal.pmed.1001709", ""),
    "breast cancer chemotherapy response prediction": ("10.1371_journal.pone.0001908", ""),
    "ross river virus": ("10.1371_journal.pone.0229314", ""),
    "mosquito blood meals antibodies": ("10.1371_journal.pone.0229314", ""),
    "flaxseed oil": ("10.15171", ""),
    "metodologias ativas engenharia": ("10.1590_0102", ""),
    "diabetes covid": ("10.1590_1518", "10.1590_2175"),
    "covid vaccination children kidney": ("10.1590_2175", "10.1590_s2237"),
    "bakhtin": ("10.1590_2176", ""),
    "antioxidant antifungal extracts": ("10.1590_2236", ""),
    "racial inequalities vaccination Brazil": ("10.1590_s2237", ""),
    "hospital information system": ("10.21105", ""),
    "HPV vaccination adolescents": ("10.2196", ""),
    "covid intensive care beds forecast": ("10.31744", ""),
    "malaria infection Kenya": ("10.3389_fmicb", ""),
    "auditory training hearing loss": ("10.3389_fpsyg", ""),
    "diabetic retinopathy screening": ("10.3390", ""),
    "prespelea": ("10.3897", ""),
    "lamb meat quality fatty acids": ("10.5194_aab", ""),
    "atmospheric haze visibility trend": ("10.5194_acp", ""),
    "mitochondrial DNA mutations cancer": ("10.7554_elife.02935", ""),
    "c-Myc replication study": ("10.7554_elife.30274", ""),
    "RNA interactions": ("10.7554_elife.00777", ""),
    "dinosaur ontogeny": ("10.7717_peerj.182", ""),
    "parasaurolophus": ("10.7717_peerj.182", ""),
    "python library peptides": ("10.7717_peerj.277", ""),
    "acute vertigo": ("acute-vertigo", ""),
    "quay trial thrombolysis": ("quay-trial", "quay-editorial quay-letter quay-correction"),
    "tapeworm": ("tapeworm-cord", ""),
    "migraine in winter": ("winter-migraine", ""),
    "atrial fibrillation patch": ("patch-afib", ""),
    "grip strength": ("grip-strength", ""),
    "retraction night rounds": ("night-rounds-retraction", "night-rounds"),
    "eeg": ("one-page-eeg", ""),
    "cold hands": ("cold-hands", ""),
}  # fmt: skip


def main() -> int:
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="relevance-", dir=ROOT / "var"))
    folder.chmod(0o755)
    environment = site_environment(folder, 8400) | {"MAKE_PDFS": "0"}
    try:
        for words in (["manage.py", "migrate", "--verbosity", "0"], ["-m", "tests.benchmarks.relevance", "--inside"]):
            subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)
    finally:
        remove(folder)
    return 0


def inside() -> None:
    import django

    django.setup()
    from journal.search import upkeep

    names = _imported()
    upkeep.catch_up()
    judged = {query: graded for query, named in JUDGED.items() if any((graded := _graded(named, names)).values())}
    say = sys.stdout.write
    say(f"{len(names)} articles, {len(judged)} judged queries.\n")
    for engine, find in _engines().items():
        scores = {query: ndcg(find(query), graded) for query, graded in judged.items()}
        say(f"nDCG@10, {engine}: {sum(scores.values()) / len(scores):.3f}\n")
        worst = sorted(scores.items(), key=lambda row: row[1])[:6]
        say("".join(f"    {score:.2f}  {query}\n" for query, score in worst if score < 0.99))


def _imported() -> dict[str, int]:
    """The corpus and the sample on a site, all of them published: file or folder name → article."""
    from django.utils import timezone

    from demo.sample_journal import article_folders
    from journal.importing import import_source
    from journal.models import Article

    names = {}
    for path in [*ARTICLES, *article_folders()]:
        record = import_source(path)
        if record.article_id:
            names[path.stem if path.is_file() else path.name] = record.article_id
    Article.objects.filter(published_online=None).update(published_online=timezone.localdate())
    Article.objects.exclude(doi=None).exclude(title="").update(status="published")
    return names


def _graded(named: tuple[str, str], names: dict[str, int]) -> dict[int, int]:
    """Article → grade. A name that begins another's (night-rounds) means itself alone."""

    def those(beginnings: str) -> list[int]:
        sought = beginnings.split()
        return [
            pk
            for name, pk in names.items()
            if name in sought or any(name.startswith(b) for b in sought if b[:3] == "10.")
        ]

    return dict.fromkeys(those(named[1]), 1) | dict.fromkeys(those(named[0]), 2)


def _engines() -> dict[str, Any]:
    from django.db import transaction

    from journal.search import database, fulltext
    from journal.search.filters import Filters
    from journal.search.query import Query, parse

    def by_database(query: Query) -> list[int]:
        with transaction.atomic():
            database.guard(narrowed=False)
            return database.find(query, Filters(), "relevance").ids

    def by_index(query: Query) -> list[int]:
        return fulltext.find(query, Filters(), "relevance").ids

    def asked(find: Any) -> Any:
        """As a page asks: any of the words where nothing has all of them."""

        def ask(text: str) -> list[int]:
            query = parse(text)
            return find(query) or (find(query.relaxed) if query.relaxed else [])

        return ask

    return {"PostgreSQL alone": asked(by_database), "full-text index": asked(by_index)}


def ndcg(found: list[int], graded: dict[int, int], at: int = 10) -> float:
    """Normalized discounted cumulative gain: 1 when the best stand first."""
    gained = sum((2 ** graded.get(pk, 0) - 1) / math.log2(place + 2) for place, pk in enumerate(found[:at]))
    best = sorted(graded.values(), reverse=True)[:at]
    return gained / sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(best))


if __name__ == "__main__":
    if "--inside" in sys.argv:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
        inside()
    else:
        sys.exit(main())
