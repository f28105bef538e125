"""Patterns of Oniguruma, which the `tokenizers` library splits with, as patterns of PCRE2 that match the same.

Classes such as \\p{L} become lists of code points, so that no version of Unicode is involved at run time; what the two
read differently is rewritten; what is not certain to be the same is refused."""

import functools
import re

from hearth.export.errors import ExportError
from hearth.export.tokenizer import characters
from hearth.export.tokenizer.table import Ranges

_ESCAPED = {"n": 0x0A, "r": 0x0D, "t": 0x09, "f": 0x0C, "v": 0x0B, "a": 0x07, "e": 0x1B}
_GROUPS = ("(?:", "(?=", "(?!", "(?>")
# Pairs of letters that fold together with one character, as "ss" does with "ß".
_FOLDED_PAIRS = {"ss", "st", "ff", "fi", "fl"}
_OTHER_CASE = {"s": "\u017f", "k": "\u212a"}


@functools.cache
def translate(pattern: str) -> str:
    """The PCRE2 pattern. ExportError names what it cannot translate."""
    parser = _Parser(pattern)
    translated = parser.alternatives(ignore_case=False)
    if parser.at < len(pattern):
        parser.refuse("')'")
    return translated


def escape(text: str) -> str:
    """A pattern that matches just this text."""
    return "".join(_code_point(ord(c)) for c in text)


def _code_point(code: int) -> str:
    return chr(code) if code < 128 and chr(code).isalnum() else f"\\x{{{code:x}}}"


def _class(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    others = characters.complement(ranges)
    if not others:
        return r"[\x{0}-\x{10ffff}]"
    if len(others) < len(ranges):
        return f"[^{_items(others)}]"
    if ranges[0][0] == ranges[0][1] and len(ranges) == 1:
        return _code_point(ranges[0][0])
    return f"[{_items(ranges)}]"


def _items(ranges: Ranges) -> str:
    written = ""
    for first, last in ranges:
        # PCRE2 does not take surrogates by their numbers.
        first = 0xE000 if 0xD800 <= first < 0xE000 else first
        last = 0xD7FF if 0xD800 <= last < 0xE000 else last
        if first == last:
            written += _code_point(first)
        elif first < last:
            written += f"{_code_point(first)}-{_code_point(last)}"
    return written


class _Parser:
    """Reads a pattern from left to right and writes it anew."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def refuse(self, what: str):
        raise ExportError(
            f"tokenizer: the pattern {self.pattern!r} has {what} at character {self.at}, which cannot be reproduced"
        )

    def take(self, *texts: str) -> str | None:
        for text in texts:
            if self.pattern.startswith(text, self.at):
                self.at += len(text)
                return text
        return None

    def take_match(self, expression: str) -> re.Match | None:
        match = re.compile(expression).match(self.pattern, self.at)
        self.at = match.end() if match else self.at
        return match

    def next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def alternatives(self, ignore_case: bool) -> str:
        branches = [self.sequence(ignore_case)]
        while self.take("|"):
            branches.append(self.sequence(ignore_case))
        return "|".join(branches)

    def sequence(self, ignore_case: bool) -> str:
        written, previous = "", ""
        while self.next() not in ("", "|", ")"):
            literal = self.next()
            if ignore_case and (previous + literal).lower() in _FOLDED_PAIRS:
                self.refuse(f"{previous + literal!r} without regard to case")
            previous = literal
            written += self.quantified(self.atom(ignore_case))
        return written

    def atom(self, ignore_case: bool) -> str:
        if self.take("^"):
            return "(?m:^)"
        if self.take("$"):
            return "(?m:$)"
        if self.take("."):
            return r"[^\n]"
        if self.next() == "(":
            return self.group(ignore_case)
        if self.take("["):
            return _class(self.with_case(self.character_class(), ignore_case))
        if self.take("\\A", "\\z"):
            return self.pattern[self.at - 2 : self.at]
        if self.next() == "\\":
            return _class(self.with_case(self.escaped(), ignore_case))
        if self.next() in "*+?":
            self.refuse("a repetition of nothing")
        code = ord(self.next())
        self.at += 1
        return _class(self.with_case([(code, code)], ignore_case))

    def group(self, ignore_case: bool) -> str:
        if opening := self.take(*_GROUPS):
            pass
        elif self.take("(?i:"):
            opening, ignore_case = "(?:", True
        elif self.take("(?<=", "(?<!"):
            opening = self.pattern[self.at - 4 : self.at]
            written = self.atom(ignore_case)
            if not self.take(")"):
                self.refuse("a look behind that is longer than one character")
            return f"{opening}{written})"
        elif self.pattern.startswith("(?", self.at):
            self.refuse(f"'{self.pattern[self.at : self.at + 4]}'")
        else:
            self.take("(")
            opening = "(?:"
        written = self.alternatives(ignore_case)
        if not self.take(")"):
            self.refuse("no ')'")
        return f"{opening}{written})"

    def quantified(self, atom: str) -> str:
        if quantifier := self.take("?", "*", "+"):
            atom += quantifier + (self.take("?", "+") or "")
        elif interval := self.take_match(r"\{(\d*)(,?)(\d*)\}"):
            least, comma, most = interval.groups()
            if not least and not most:
                self.refuse("an empty interval")
            atom += f"{{{least or 0}{comma}{most}}}"
            # Oniguruma: "{n}?" may be absent and "{n,m}+" is repeated; PCRE2 reads laziness and possession.
            if self.take("?"):
                atom = f"{atom}?" if comma else f"(?:{atom})?"
            elif self.take("+"):
                atom = f"(?:{atom})+"
        if self.next() in ("?", "*", "+") and self.next():
            self.refuse("a repetition of a repetition")
        return atom

    def escaped(self) -> Ranges:
        """What an escape stands for, in a class or outside."""
        if match := self.take_match(r"\\[pP]\{\^?[\w ]+\}|\\[sSdDwW]"):
            try:
                return list(characters.regex_class(match.group()))
            except Exception as error:
                raise ExportError(
                    f"tokenizer: the pattern {self.pattern!r} has the class {match.group()}: {error}"
                ) from error
        if match := self.take_match(r"\\x\{([0-9a-fA-F]+)\}|\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})"):
            code = int(match.group(1) or match.group(2) or match.group(3), 16)
            return [(code, code)]
        if match := self.take_match(r"\\([nrtfvae])"):
            code = _ESCAPED[match.group(1)]
            return [(code, code)]
        if match := self.take_match(r"\\([^0-9A-Za-z])"):
            return [(ord(match.group(1)), ord(match.group(1)))]
        return self.refuse(f"'{self.pattern[self.at : self.at + 2]}'")

    def character_class(self) -> Ranges:
        """The members of a class, after its '['."""
        negated = self.take("^") is not None
        if self.next() == "]":
            self.refuse("an empty class")
        parts: list[Ranges] = [[]]
        while not self.take("]"):
            if self.take("&&"):
                parts.append([])
            else:
                parts[-1] = characters.union(parts[-1], self.class_item())
        members = functools.reduce(characters.intersection, parts)
        return characters.complement(members) if negated else members

    def class_item(self) -> Ranges:
        if match := self.take_match(r"\[:\^?[a-z]+:\]"):
            return list(characters.regex_class(match.group()))
        if self.take("["):
            return self.character_class()
        first = self.class_character()
        if len(first) != 1 or first[0][0] != first[0][1]:
            return first
        if self.next() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", "["):
            return first
        self.take("-")
        last = self.class_character()
        if len(last) != 1 or last[0][0] != last[0][1] or last[0][0] < first[0][0]:
            self.refuse("a range without two ends")
        return [(first[0][0], last[0][0])]

    def class_character(self) -> Ranges:
        if not self.next():
            self.refuse("no ']'")
        if self.next() == "\\":
            return self.escaped()
        code = ord(self.next())
        self.at += 1
        return [(code, code)]

    def with_case(self, ranges: Ranges, ignore_case: bool) -> Ranges:
        """The same, and what differs from its members by case only."""
        if not ignore_case:
            return ranges
        ascii_part = characters.intersection(ranges, [(0, 127)])
        members = {chr(code) for first, last in ascii_part for code in range(first, last + 1)}
        members |= {c.swapcase() for c in members} | {
            _OTHER_CASE[c.lower()] for c in members if c.lower() in _OTHER_CASE
        }
        result = characters.union(ranges, characters.ranges_of(sorted(map(ord, members))))
        others = {chr(code) for first, last in ranges for code in range(max(first, 128), last + 1)}
        if any(
            len(c) == 1 and not _holds(result, ord(c)) for c in {f(o) for o in others for f in (str.lower, str.upper)}
        ):
            self.refuse("letters beyond ASCII without regard to case")
        return result


def _holds(ranges: Ranges, code: int) -> bool:
    return any(first <= code <= last for first, last in ranges)
