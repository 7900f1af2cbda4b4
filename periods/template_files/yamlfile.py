"""Templates as YAML files that people edit: written in a stable order, read with the line of every problem.

A file is data only: no aliases (so no bombs), no tags, few levels, one document. It is read as a stream of events
first, so a hostile file is refused before anything is built from it.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from hypercare.exceptions import Invalid
from periods.template_files.content import TemplateContent, content_as_data
from periods.template_files.reading import Path, TemplateProblem, read_content

MOST_BYTES: Final = 256 * 1024
MOST_LEVELS: Final = 6
MOST_EVENTS: Final = 20_000
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
LONGEST_NUMBER: Final = 30
_TEXT: Final = "tag:yaml.org,2002:str"
_NULL: Final = "tag:yaml.org,2002:null"
_HEADER: Final = """\
# A Hypercare template. Change it, then import it under Templates.
# owner_role and code are owner codes (RM HL IC EN SU CO BO SP VN SE; EACH is every contributor).
# due_days count from the go-live day, before it: -7 is a week earlier.
"""


class _Refusal(Exception):
    """The file can't be read further."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


# --- Writing ------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, as people write them, and long text as a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  PyYAML's signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(content: TemplateContent) -> str:
    """The template as YAML; the same template is the same text, and `load` reads it back unchanged."""
    data = _short(content_as_data(content))
    return _HEADER + yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _short(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty anyway, and whole numbers without a decimal point."""
    kept = {key: value for key, value in data.items() if value not in ("", [], {})}
    for section in ("checklist", "exit_criteria", "roles", "debriefs"):
        if section in kept:
            kept[section] = [{k: _number(v) for k, v in row.items() if _says(k, v)} for row in kept[section]]
    return kept


def _says(key: str, value: Any) -> bool:
    # An emptied threshold is said: left out it would mean the usual one of a built-in criterion.
    return value not in ("", None) or key in ("threshold", "unit", "title")


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# --- Reading ------------------------------------------------------------------------------------


def load(text: str) -> TemplateContent:
    """The template of a file. Raises Invalid under `file`: one sentence a problem, each with its line."""
    try:
        _check_size(text)
        _check_shape(text)
        data, lines = _build(text)
    except _Refusal as refusal:
        raise Invalid({"file": [f"line {refusal.line}: {refusal.text}"]}) from None
    content, problems = read_content(data)
    twice = [TemplateProblem(path, f"“{path[-1]}” is there twice in this block.") for path in lines.twice]
    if problems or twice:
        found = sorted((lines.of(problem.path), problem.text) for problem in (*problems, *twice))
        raise Invalid({"file": [f"line {line}: {sentence}" for line, sentence in found]})
    return content


def decode(content: bytes) -> str:
    """The text of an uploaded file. Raises Invalid when it is too large or not UTF-8."""
    if len(content) > MOST_BYTES:
        raise Invalid({"file": f"The file has {len(content) // 1024} kB. At most {MOST_BYTES // 1024} kB are read."})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Invalid({"file": f"line {line}: this is not UTF-8 text. Save the file as UTF-8."}) from None


def _check_size(text: str) -> None:
    if not text.strip():
        raise _Refusal(1, "There is nothing here. Paste a template or choose its file.")
    size = len(text.encode(errors="replace"))
    if size > MOST_BYTES:
        raise _Refusal(1, f"The text has {size // 1024} kB. At most {MOST_BYTES // 1024} kB are read.")


def _check_shape(text: str) -> None:
    """Refuse aliases, tags, depth and sheer amount while only looking at events, which cost nothing to hold."""
    depth = documents = 0
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            line = event.start_mark.line + 1 if event.start_mark else 1
            documents += isinstance(event, yaml.DocumentStartEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if (sentence := _objection(event)) or (sentence := _too_much(count, depth, documents)):
                raise _Refusal(line, sentence)
    except yaml.YAMLError as error:
        raise _unreadable(error, text) from None


def _objection(event: yaml.Event) -> str:
    if isinstance(event, yaml.AliasEvent):
        return f"the reference *{event.anchor} is not used in templates. Write the text out."
    if getattr(event, "anchor", None):
        return f"the mark &{getattr(event, 'anchor', '')} is not used in templates. Remove it."
    tag = getattr(event, "tag", None)
    return f"the tag {tag} is not used in templates. Remove it." if tag and tag != "!" else ""


def _too_much(count: int, depth: int, documents: int) -> str:
    if documents > 1:
        return "a second document starts here. Put one template into a file."
    if depth > MOST_LEVELS:
        return f"this is more than {MOST_LEVELS} levels deep. A template is flat."
    return "the file holds more than a template can. Shorten it." if count > MOST_EVENTS else ""


def _unreadable(error: yaml.YAMLError, text: str) -> _Refusal:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        what = getattr(error, "problem", None) or "this is not YAML"
        return _Refusal(mark.line + 1, f"this can't be read as YAML: {what}.")
    position = getattr(error, "position", None)
    line = text[:position].count("\n") + 1 if isinstance(position, int) else 1
    return _Refusal(line, "this holds a character that YAML does not allow. Remove it.")


class _Lines:
    """The line of every value, by its path, and keys that were there twice."""

    def __init__(self) -> None:
        self.known: dict[Path, int] = {(): 1}
        self.twice: list[Path] = []

    def of(self, path: Path) -> int:
        """The line of a path, or of the nearest block around it."""
        while path not in self.known:
            path = path[:-1]
        return self.known[path]


def _build(text: str) -> tuple[Any, _Lines]:
    lines = _Lines()
    try:
        loader = _LOADER(text)
        try:
            root = loader.get_single_node()
            return (_value(root, (), lines, loader) if root else None), lines
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _unreadable(error, text) from None


def _value(node: yaml.Node, path: Path, lines: _Lines, loader: Any) -> Any:
    lines.known.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, loader)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, index), lines, loader) for index, child in enumerate(node.value)]
    return _scalar(node, loader)


def _mapping(node: yaml.MappingNode, path: Path, lines: _Lines, loader: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Refusal(key_node.start_mark.line + 1, "a key must be a word.")
        here = (*path, key_node.value)
        if key_node.value in found:
            lines.twice.append(here)
        lines.known[here] = key_node.start_mark.line + 1
        found[key_node.value] = _value(value_node, here, lines, loader)
    return found


def _scalar(node: yaml.Node, loader: Any) -> Any:
    """Numbers, true and false as such; everything else, dates included, as the text that stands there."""
    if node.tag not in _PLAIN_TAGS or (len(node.value) > LONGEST_NUMBER and node.tag != _TEXT):
        return node.value
    if node.tag == _NULL:
        return None
    try:
        return loader.construct_object(node)
    except (ValueError, OverflowError):
        return node.value
