"""`newswire formats`: what is read, and which facts each format gives."""

import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of the table.")
def formats(as_json: bool) -> None:
    """Show the formats that are read, their versions, and which fields of an article each of them can fill.

    A format is known by its bytes, never by a file name or a content type.
    """
    from pipeline import codec
    from pipeline.formats.table import FORMATS

    if as_json:
        sys.stdout.buffer.write(codec.dumps_readable(FORMATS) + b"\n")
        return
    width = max(len(row.title) for row in FORMATS)
    for row in FORMATS:
        several = "several items a document" if row.has_several else ""
        click.echo(f"{row.name:13} {row.title:{width}}  {row.versions:10} {several}".rstrip())
    click.echo()
    for line in matrix():
        click.echo(line)


def matrix() -> list[str]:
    """One line a field, one column a format; the columns' names stand slanted above them, a letter a line."""
    from pipeline.formats.table import FIELDS, FORMATS

    used = [name for name in FIELDS if any(name in row.fields for row in FORMATS)]
    width = max(len(name) for name in used)
    names = [f"{row.name:^8}"[:12] for row in FORMATS]
    lines = [" ".join((" " * width, *names)).rstrip()]
    for field in used:
        marks = (f"{'●' if field in row.fields else '·':^{len(name)}}" for row, name in zip(FORMATS, names, strict=True))
        lines.append(" ".join((f"{field:{width}}", *marks)).rstrip())
    return lines
