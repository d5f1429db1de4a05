"""Draws variants of the statements on standard input, a line each, and writes them all as a JSON list.

Some are the same but for values, white space, comments and the case of words; others have one name, operator or word
changed, so that near misses are there as well. What does not parse is left out.
"""

import json
import random
import sys

from pglast import parser

ALIKE, UNLIKE = 24, 24
NAMES = ["t", "u", "v", "a", "b", "c", "d", "id", "kind", "owner_id", "created_at", "value"]
OPERATORS = ["=", "<>", "<", ">", "<=", ">="]
WORDS = {"SELECT": "SELECT DISTINCT", "WHERE": "WHERE NOT", "ASC": "DESC", "DESC": "ASC", "AND": "OR", "OR": "AND", "INNER": "LEFT", "UNION": "EXCEPT", "LIKE": "ILIKE"}
draw = random.Random(6)


def literal(kind):
    number = draw.randrange(100_000)
    if kind == "SCONST":
        return draw.choice([f"'{number}'", f"'it''s {number}'", f"E'a\\'{number}'", f"$q${number}$q$", "''"])
    return draw.choice([str(number), f"{number}.5", "1e3"]) if kind == "FCONST" else str(number)


def tokens(text):
    encoded = text.encode()
    return [(encoded[token.start : token.end + 1].decode(), token.name, token.kind) for token in parser.scan(text)]


def is_word(kind):
    return kind != "NO_KEYWORD"


def alike(parts):
    out = []
    space = draw.choice([" ", "  ", "\n", "\t", " /* x */ ", " -- y\n"])
    case = draw.choice([str.upper, str.lower, str])
    for text, name, kind in parts:
        if name in ("SCONST", "ICONST", "FCONST") and draw.random() < 0.8:
            text = literal(name)
        elif is_word(kind):
            text = case(text)
        out.append(text)
    return (space if draw.random() < 0.5 else " ").join(out)


def unlike(parts):
    out = [text for text, _, _ in parts]
    at = draw.randrange(len(parts))
    text, name, kind = parts[at]
    if name == "IDENT":
        out[at] = draw.choice(NAMES)
    elif text in OPERATORS:
        out[at] = draw.choice(OPERATORS)
    elif text.upper() in WORDS:
        out[at] = WORDS[text.upper()]
    elif name in ("ICONST", "SCONST"):
        out[at] = draw.choice(["a", "$1", "NULL", "1, 2", "lower('x')", "TRUE"])
    elif draw.random() < 0.5:
        del out[at]
    else:
        out.insert(at, draw.choice(["b", ", b", "FOR UPDATE", "(", ")", "LIMIT 5", "OFFSET 5", "u.", "lower(", "AND b"]))
    return " ".join(out)


def parses(text):
    try:
        parser.fingerprint(text)
        return len(parser.split(text)) == 1
    except parser.ParseError:
        return False


def main():
    out = []
    for line in sys.stdin.read().splitlines():
        if not line or line.startswith("--"):
            continue
        parts = tokens(line)
        bases = [line, *filter(parses, (unlike(parts) for _ in range(UNLIKE)))]
        out.extend(bases)
        for base in bases:
            drawn = (alike(tokens(base)) for _ in range(ALIKE if base == line else 3))
            out.extend(filter(parses, drawn))
    json.dump(out, sys.stdout)


main()
