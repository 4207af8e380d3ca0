"""The lines and metadata of NewsML 1.x components. Elements in, small records out; `newsml12` decides which component counts."""

import re
from xml.etree.ElementTree import Element

from pipeline.article import InfoSource, Place, Subject, Text
from pipeline.formats.xml import LISTED_MAX, attribute, descend, each, line

SUBJECTS = "http://cv.iptc.org/newscodes/subjectcode/"
SUBJECT_CODE = re.compile(r"\d{8}", re.ASCII)
SUBJECT_LEVELS = ("SubjectDetail", "SubjectMatter", "Subject")
PLACE_LEVELS = ("SubLocation", "City", "CountryArea", "Country", "WorldRegion")


def formal_name(node: Element | None) -> str:
    """What NewsML 1 has in place of a text nearly everywhere."""
    return attribute(node, "FormalName") or line(node)


class Lines:
    """The lines and metadata of some components: the first that says a thing counts, those of `top` stand for all."""

    def __init__(self, components: list[Element], top: Element | None) -> None:
        outer = [top] if top is not None and all(top is not component for component in components) else []
        self.components = [*components[:LISTED_MAX], *outer]

    def find(self, *path: str) -> Element | None:
        """The first element at this path."""
        found = (descend(component, *path) for component in self.components)
        return next((node for node in found if node is not None), None)

    def all(self, holder: str, name: str) -> list[Element]:
        """All elements with this name in the first component that has any."""
        found = (each(component.find(holder), name) for component in self.components)
        return next((nodes for nodes in found if nodes), [])

    def line(self, name: str) -> str:
        """One of NewsLines."""
        return next((text for node in self.all("NewsLines", name) if (text := line(node))), "")

    def headlines(self) -> tuple[Text, ...]:
        """Those below the main one."""
        texts = (line(node) for node in self.all("NewsLines", "SubHeadLine"))
        return tuple(Text(role="sub", content_type="text/plain", value=text) for text in dict.fromkeys(texts) if text)

    def keywords(self) -> tuple[Subject, ...]:
        """Keyword lines, as subjects of that kind."""
        words = (line(node) for node in self.all("NewsLines", "KeywordLine"))
        return tuple(Subject(name=word, rel="keyword") for word in dict.fromkeys(words) if word)

    def parties(self, name: str) -> tuple[str, ...]:
        """Names of those who are Provider, Creator, Source or Contributor."""
        nodes = (party for node in self.all("AdministrativeMetadata", name) for party in each(node, "Party"))
        return tuple(dict.fromkeys(text for node in nodes if (text := formal_name(node))))

    def language(self) -> str:
        """The language of the components' markup, where they name none of their content."""
        return next((tag for component in self.components if (tag := attribute(component, "xml:lang"))), "")


def subjects(lines: Lines) -> tuple[Subject, ...]:
    """SubjectCode: of each branch the most exact code that is given, then those above it."""
    found: dict[Subject, None] = {}
    for branch in lines.all("DescriptiveMetadata", "SubjectCode"):
        nodes = [node for level in SUBJECT_LEVELS for node in each(branch, level)]
        for at, node in enumerate(nodes):
            code = formal_name(node)
            is_iptc = SUBJECT_CODE.fullmatch(code) is not None
            rel = "broader" if at and node.tag != nodes[0].tag else ""
            found[Subject(rel=rel, uri=SUBJECTS + code if is_iptc else "", literal="" if is_iptc else code)] = None
    return tuple(subject for subject in list(found)[:LISTED_MAX] if subject.uri or subject.literal)


def places(lines: Lines) -> tuple[Place, ...]:
    """Location, as its most exact property; the country's code is kept beside a city's name."""
    found: dict[Place, None] = {}
    for node in lines.all("DescriptiveMetadata", "Location"):
        known = {attribute(part, "FormalName"): attribute(part, "Value") for part in each(node, "Property")}
        name = next((known[level] for level in PLACE_LEVELS if known.get(level)), "")
        if name:
            literal = known.get("Country", "")
            found[Place(name=name, rel=attribute(node, "HowPresent").lower(), literal="" if literal == name else literal)] = None
    return tuple(found)


def info_sources(lines: Lines) -> tuple[InfoSource, ...]:
    """Who provides it, and where they have it from."""
    named = (("provider", "Provider"), ("source", "Source"))
    return tuple(InfoSource(name=name, role=role) for role, element in named for name in lines.parties(element))
