"""Every rule by its id: what may stand in `pipeline.rules` and `pipeline.status.reasons`, and in the counter of fired rules.

What a rule does stands with an example in its own table (`wire/`, `formats/`); here are the names alone, since labels of a metric
must be bounded. An id never changes its meaning. One that is not listed here is a bug of ours and counted as UNLISTED.
"""

from collections.abc import Mapping

from pipeline.article import Article

UNLISTED = "unlisted"

# group → its rules; an id is `group.rule`. Sorted.
GROUPS: Mapping[str, str] = {
    "advisory": "digest digest_de eds_only genre headline no_newscontent planned slug",
    "anpa": "agate_table byline byline_title dash ed_note embargo photo_line quotes tail",
    "body": "from_foreign_markup paragraphs_from_html",
    "byline": "by di door organisation par por title_line von",
    "caption": "copyright_lead counter counter_lead credit_afp credit_ap credit_foto credit_handout credit_photo_by "
    "credit_reuters credit_slash credit_via_getty file_photo_lead licensing photo_numbers picture_taken sign_credit_lead",
    "correction": "bracket de en label remark",
    "dateline": "date_source glued_to_byline joint_sources no_separator no_source no_space_after_dash own_field own_source "
    "place_source press_release press_release_slashes remark source_first source_in_slashes source_only unconfirmed_habit "
    "unknown_source",
    "digitalwires": "correction_prefix",
    "embargo": "empty free_text future headline no_zone text",
    "furniture": "text_kept",
    "headline": "doubled genre_tag series_tag status_tag suffix_agency suffix_by_agency suffix_site take_mark topic_tag",
    "hold": "repeated text",
    "html": "not_for_publication",
    "iptc7901": "byline remark signature time_in_text",
    "kill": "advisory_withdrawn headline_tag repeated slug text text_withdrawn text_withdrawn_de",
    "language": "disputed",
    "newsml": "header_repeats_metadata teaser_is_description",
    "ninjs": "title_as_headline",
    "note": "advisory first_published fr notebook remark updated",
    "places": "skipped_language",
    "private": "de dpa_contacts en fr_es",
    "pub_status": "canceled unknown withheld",
    "signal": "contradiction",
    "signoff": "contributed de.additional de.editing de.reporting de.writing en.additional en.editing en.other en.photos "
    "en.reporting en.writing es.additional es.editing es.reporting es.writing fr.additional fr.editing fr.reporting fr.writing "
    "it.editing pt.editing pt.reporting",
    "tail": "agency_mark contact_details copyright currency dpa_notice dpa_signature end_mark follow initials ruler sign_up "
    "syndication trust_principles with_inputs",
    "test": "headline text",
    "ticker": "bracket_exchange bracket_ric index quote ric",
}
LISTED = frozenset(f"{group}.{rule}" for group, rules in GROUPS.items() for rule in rules.split())


def fired(record: object) -> tuple[str, ...]:
    """The ids that an article carries, those of its status first; a later stage only adds to the end. () for any other record."""
    if not isinstance(record, Article):
        return ()
    pipeline = record.pipeline
    return (*pipeline.status.reasons, *pipeline.rules) if pipeline.status else pipeline.rules
