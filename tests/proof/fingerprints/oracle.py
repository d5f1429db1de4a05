"""Reads a JSON list of statements and writes for each [libpg_query's fingerprint, the class by our rules], or null where
PostgreSQL's grammar cannot read it.

The second is read off PostgreSQL's own tree: what the rules call equal is made equal in it.
"""

import json
import sys

from pglast import ast, parse_sql, parser
from pglast.enums import A_Expr_Kind, BoolExprType, SetOperation

LITERAL = ast.ParamRef(number=1)
# Names that drivers make up, and values outside of expressions.
VALUES = ("savepoint_name", "portalname", "gid", "payload", "comment")


def text(node):
    """The tree without its places in the text."""
    if isinstance(node, tuple):
        return f"({', '.join(map(text, node))})"
    if not isinstance(node, ast.Node):
        return repr(node)
    parts = ((name, getattr(node, name)) for name in node if not name.endswith("location") and name != "stmt_len")
    return f"{type(node).__name__}({', '.join(f'{name}={text(value)}' for name, value in parts if value is not None)})"


def is_literal(node):
    return isinstance(node, ast.ParamRef)


def operator(node):
    return node.name[-1].sval if node.name else None


def unique(nodes):
    return tuple({text(node): node for node in sorted(nodes, key=text)}.values())


def membership(column):
    return ast.A_Expr(A_Expr_Kind.AEXPR_IN, (ast.String("="),), column, (LITERAL,))


def compared(node):
    """The column of `column = literal`."""
    equal = isinstance(node, ast.A_Expr) and node.kind == A_Expr_Kind.AEXPR_OP and operator(node) == "="
    return node.lexpr if equal and is_literal(node.rexpr) and not is_literal(node.lexpr) else None


def expression(node):
    if node.kind == A_Expr_Kind.AEXPR_OP and node.lexpr is None and operator(node) in "+-" and is_literal(node.rexpr):
        return LITERAL
    if node.kind == A_Expr_Kind.AEXPR_IN:
        node.rexpr = unique(node.rexpr)
    if node.kind == A_Expr_Kind.AEXPR_OP_ANY and operator(node) == "=":
        array = isinstance(node.rexpr, ast.A_ArrayExpr) and all(map(is_literal, node.rexpr.elements or ()))
        if array or is_literal(node.rexpr):
            return membership(node.lexpr)
    return node


def boolean(node):
    if node.boolop == BoolExprType.AND_EXPR:
        flat = []
        for each in node.args:
            nested = isinstance(each, ast.BoolExpr) and each.boolop == BoolExprType.AND_EXPR
            flat.extend(each.args if nested else [each])
        node.args = tuple(sorted(flat, key=text))
    elif node.boolop == BoolExprType.OR_EXPR:
        columns = [compared(each) for each in node.args]
        if all(columns) and len({text(column) for column in columns}) == 1:
            return membership(columns[0])
    return node


def case(node):
    arms = []
    for arm in node.args:
        if not arms or text(arms[-1]) != text(arm):
            arms.append(arm)
    node.args = tuple(arms)
    return node


def select(node):
    if node.valuesLists:
        rows = {str([text(value) for value in row]): row for row in node.valuesLists}
        node.valuesLists = tuple(rows[key] for key in sorted(rows))
    if node.op != SetOperation.SETOP_NONE or not node.targetList:
        return node
    aliases = {}
    for item in node.targetList:
        own = isinstance(item.val, ast.ColumnRef) and getattr(item.val.fields[-1], "sval", None) == item.name
        if item.name and not own:
            aliases[item.name] = item.val
        item.name = None
    for clause in filter(None, (node.sortClause, node.groupClause)):
        for at, each in enumerate(clause):
            reference = each.node if isinstance(each, ast.SortBy) else each
            name = reference.fields[0] if isinstance(reference, ast.ColumnRef) and len(reference.fields) == 1 else None
            meant = aliases.get(getattr(name, "sval", None))
            if meant is not None and isinstance(each, ast.SortBy):
                each.node = meant
            elif meant is not None:
                node.groupClause = (*clause[:at], meant, *clause[at + 1 :])
    node.targetList = tuple(sorted(node.targetList, key=text))
    return node


CHANGES = {ast.A_Expr: expression, ast.BoolExpr: boolean, ast.CaseExpr: case, ast.SelectStmt: select}


def same(node):
    """The tree with what the rules call equal made equal."""
    if isinstance(node, tuple):
        return tuple(same(each) for each in node)
    if not isinstance(node, ast.Node):
        return node
    if isinstance(node, (ast.A_Const, ast.ParamRef)):
        return LITERAL
    for name in node:
        value = getattr(node, name)
        if isinstance(node, ast.DefElem) and isinstance(value, ast.A_Const):
            continue  # a word: ISOLATION LEVEL SERIALIZABLE
        if isinstance(value, (ast.Node, tuple)):
            setattr(node, name, same(value))
        elif name in VALUES and value is not None:
            setattr(node, name, "x")
    if isinstance(node, ast.TypeCast) and is_literal(node.arg):
        return LITERAL
    if isinstance(node, ast.FetchStmt):
        node.howMany = 1
    elif isinstance(node, ast.VariableSetStmt) and node.args:
        node.args = (ast.A_Const(val=ast.Integer(1)),)
    elif isinstance(node, ast.DefElem) and isinstance(node.arg, (ast.Integer, ast.Float)):
        node.arg = ast.Integer(1)
    elif isinstance(node, ast.DefElem) and node.defname == "as":
        node.arg = ast.String("x") if isinstance(node.arg, ast.String) else (ast.String("x"),)
    return CHANGES.get(type(node), lambda node: node)(node)


def label(statement):
    try:
        return [parser.fingerprint(statement), text(same(parse_sql(statement)[0].stmt))]
    except parser.ParseError:
        return None


json.dump([label(statement) for statement in json.load(sys.stdin)], sys.stdout)
