"""Random expressions and statements, to be evaluated by Jinja2 and by Hearth."""

# ruff: noqa: RUF005, SIM905 - lists of words are easier to read as words.

import random

CONTEXT = {
    "messages": [
        {"role": "user", "content": 'Hello <b>World</b> "x"', "n": 42},
        {"role": "assistant", "content": None, "t": [1, 2.5, "x"]},
    ],
    "d": {"b": 2, "a": "x", "C": None},
    "l": [3, 1, 2],
    "s": "Hello, World",
    "e": "",
    "f": 2.5,
    "w": "  the quick\n brown\tfox ",
    "n": -7,
    "t": True,
    "z": None,
}
NAMES = "messages d l s e f w n t z missing messages[0] d.b s[1] l[0]".split()
CONSTANTS = (
    "1 2 0 -1 3.5 0.1 'a' 'l' '' [] [1,2] (1,2) {'k':1} none true false 'é😀ö' '12' '1e3'".split()
    + ["'o, W'", "' '", "' 7 '"]
)  # fmt: skip
OPERATORS = "+ - * / // % ** ~ == != < <= > >= and or in".split() + ["not in"]
FILTERS = (
    "abs capitalize center(20) count default('q') d('q',true) dictsort first float float(1) int int(9) indent(2) "
    "indent(2,true,true) indent('>>') items|list join(',') join last length list lower map('upper')|list "
    "map(attribute='role')|list max min reject('none')|list rejectattr('role')|list replace('l','LL') "
    "replace('','-') reverse|list round round(1) round(0,'floor') select|list selectattr('role','eq','user')|list "
    "sort sort(reverse=true) string sum title tojson tojson(indent=2) tojson(sort_keys=true) trim truncate(8) "
    "truncate(5,true) unique|list upper urlencode wordcount batch(2)|list slice(2)|list attr('x') groupby('role') "
    "string|list format(1,2)"
).split()
METHODS = (
    ".upper() .lower() .strip() .lstrip() .rstrip() .split() .split('l') .split(',',1) .rsplit('l',1) "
    ".replace('l','') .startswith('H') .endswith('d') .find('o') .rfind('o') .count('l') .title() .capitalize() "
    ".splitlines() .isdigit() .isalpha() .isspace() .isupper() .islower() .isalnum() .keys()|list .values()|list "
    ".items()|list .get('a') .get('q',1) .index(1) .count(1) .zfill(14) .ljust(14,'.')|string .rjust(14) "
    ".center(15,'*') .partition(',') .rpartition('l') .removeprefix('He') .removesuffix('ld') .join(['a','b']) "
    ".swapcase() .append(1) .pop() .role .content .a ['a'] [0] [-1] [10]"
).split()
SLICES = "[1:] [::-1] [:2] [1:10:2] [-3:-1]".split()
TESTS = (
    "defined undefined none string mapping iterable sequence number integer float boolean true false odd even "
    "divisibleby(2) eq(1) ne(1) lt(3) ge(1) le(1) in([1,2]) in('Hello') callable lower upper sameas(none) "
    "equalto(2) filter test escaped"
).split() + ["divisibleby 3", "gt 1"]


class Generator:
    """Makes templates from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.variables = 0

    def new_variable(self) -> str:
        """A name that nothing else has: what Jinja finds under a name before it is set there depends on the block."""
        self.variables += 1
        return f"v{self.variables}"

    def expression(self, depth: int) -> str:
        choose = self.random.choice
        kinds = ["leaf"] * 3 + ["binary"] * 4 + ["filter"] * 4 + ["method"] * 3
        kinds += ["slice", "test", "conditional", "not", "minus", "list"]
        match choose(kinds) if depth > 0 else "leaf":
            case "leaf":
                return choose(NAMES if self.random.random() < 0.6 else CONSTANTS)
            case "binary":
                return f"({self.expression(depth - 1)} {choose(OPERATORS)} {self.expression(depth - 1)})"
            case "filter":
                return f"({self.expression(depth - 1)}|{choose(FILTERS)})"
            case "method":
                return f"({self.expression(depth - 1)}){choose(METHODS)}"
            case "slice":
                # Of names: what Jinja folds of constants answers differently.
                return f"{choose(NAMES)}{choose(SLICES)}"
            case "test":
                return f"({self.expression(depth - 1)} is {choose(['', 'not '])}{choose(TESTS)})"
            case "conditional":
                parts = [self.expression(depth - 1) for _ in range(3)]
                return f"({parts[0]} if {parts[1]} else {parts[2]})"
            case "not":
                return f"(not {self.expression(depth - 1)})"
            case "minus":
                return f"(-{self.expression(depth - 1)})"
            case _:
                return f"[{self.expression(depth - 1)}, {self.expression(depth - 1)}]"

    def tag(self, text: str) -> str:
        begin, end = self.random.choice(["{%", "{%-", "{%+"]), self.random.choice(["%}", "-%}", "+%}"])
        return f"{begin} {text} {end}"

    def statements(self, depth: int) -> str:
        space = self.random.choice(["", " ", "\n", "  \n ", "x\n  ", "\n\n"])
        match self.random.choice(["print", "if", "for", "set", "block", "comment"]) if depth > 0 else "print":
            case "print":
                begin, end = self.random.choice(["{{", "{{-"]), self.random.choice(["}}", "-}}"])
                return f"{space}{begin} {self.expression(1)} {end}{space}"
            case "if":
                inner, other = self.statements(depth - 1), self.statements(depth - 1)
                return (
                    f"{space}{self.tag('if ' + self.expression(1))}{inner}{self.tag('else')}{other}{self.tag('endif')}"
                )
            case "for":
                head = f"for x in {self.expression(1)}" + self.random.choice(["", " if x", " if loop is defined"])
                inner = self.statements(depth - 1)
                ending = self.random.choice(["", "{% if loop.index > 1 %}{% break %}{% endif %}", "{{ loop.last }}"])
                return f"{space}{self.tag(head)}{inner}{{{{ x }}}}{ending}{self.tag('endfor')}{space}"
            case "set":
                name = self.new_variable()
                begin = self.tag(f"set {name} = {self.expression(1)}")
                return f"{space}{begin}{self.statements(depth - 1)}{{{{ {name} }}}}"
            case "block":
                name = self.new_variable()
                begin, end = self.tag(f"set {name}"), self.tag("endset")
                return f"{begin}{self.statements(depth - 1)}{end}{space}{{{{ {name} }}}}"
            case _:
                return f"{space}{{#- {space} -#}}{space}{self.statements(depth - 1)}{{# {space} #}}{space}"


def random_templates(seed: int, count: int) -> list[tuple[str, dict]]:
    """Templates with a context each; the first half prints an expression, the second has statements."""
    generator = Generator(seed)
    expressions = [f"{{{{ {generator.expression(generator.random.randint(1, 3))} }}}}" for _ in range(count // 2)]
    return [(text, CONTEXT) for text in expressions + [generator.statements(3) for _ in range(count - count // 2)]]
