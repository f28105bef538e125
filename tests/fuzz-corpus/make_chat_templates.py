"""Writes the seeds of chat_template_fuzz: small templates, some with a context after a null byte.

usage: python3 tests/fuzz-corpus/make_chat_templates.py
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "chat_template"
CONTEXT = (
    '{"messages": [{"role": "user", "content": "Hé <|x|>"}, {"role": "assistant", "content": null, '
    '"tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]}], "bos_token": "<s>"}'
)
SEEDS = {
    "chatml": "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' ~ m.content }}{% endfor %}",
    "macro": "{% macro m(a, b=2) %}{{ a }}{{ caller() }}{{ varargs }}{{ kwargs }}{% endmacro %}"
    "{% call m(1, 2, 3, x=4) %}c{% endcall %}",
    "loop": "{%- for k, v in d|dictsort if k != 1 %}{% endfor %}",
    "loop_controls": "{% for i in range(9) %}{% if i is odd %}{% continue %}{% elif loop.last %}{% break %}{% endif %}"
    "{{ loop.index }}{{ loop.cycle('a', 'b') }}{{ loop.nextitem }}{{ loop.length }}{% else %}e{% endfor %}",
    "strings": "{{ 'a,b'.split(',', 1)[::-1] }}{{ ' x '|trim|center(9)|title }}{{ '%5.2f|%-4s|%(a)s' % 1 }}"
    "{{ '{:>5}{0[a].b!r}'.format({}) }}{{ 'é\\u00e9\\x41'|upper }}",
    "filters": "{{ [3, 1, 2]|sort|map('string')|join('-') }}{{ messages|selectattr('role', 'eq', 'user')|list }}"
    "{{ messages|tojson(indent=2) }}{{ [1, 2, 3]|batch(2, 0)|list }}{{ 'a b'|wordcount }}{{ 2.5|round(1) }}",
    "tests": "{{ x is defined }}{{ 1 is divisibleby 3 }}{{ 'a' in 'abc' and not 1 > 2 or x }}{{ 1 if 2 else 3 }}",
    "namespace": "{% set ns = namespace(a=1) %}{% set ns.a, b = 2, 3 %}{% set c %}x{{ ns.a }}{% endset %}"
    "{{ c|d('q', true) }}",
    "white_space": "a\n  {%+ if true -%}\n b {#- c -#}\n {% endif %}\n{% raw %}{{ }}{%- endraw +%}\n",
    "numbers": "{{ 1_000 // 7 % 3 ** 2 }}{{ 0x1f + 0b11 - 1.5e3 }}{{ -7 // 2 }}{{ 'x' * 3 ~ [1] * 2 }}",
    "blocks": "{% generation %}{% filter upper %}"
    "{% with a = 1 %}{{ a }}{% endwith %}{% endfilter %}{% endgeneration %}",
    "errors": "{{ raise_exception('No') }}{{ strftime_now('%d %b') }}{{ {}.pop() }}",
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, template in SEEDS.items():
        (FOLDER / f"{name}.jinja").write_bytes(template.encode())
        (FOLDER / f"{name}_with_context.jinja").write_bytes(template.encode() + b"\0" + CONTEXT.encode())


if __name__ == "__main__":
    main()
