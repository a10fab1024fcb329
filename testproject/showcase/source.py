"""
The source of the demo's own views, read from the code that runs.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator


def source_of(subject: Callable[..., object]) -> str:
    """
    Return the source of a function or class, without its docstrings.

    The page prints the docstring beside the code, so that it is not repeated.
    """
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(subject)))
    lines = source.splitlines(keepends=True)
    for docstring in docstrings(ast.parse(source)):
        start, stop = docstring.lineno - 1, docstring.end_lineno or docstring.lineno
        if not "".join(lines[stop : stop + 1]).strip():
            stop += 1
        lines[start:stop] = [""] * (stop - start)
    return "".join(lines)


def docstrings(tree: ast.AST) -> Iterator[ast.Expr]:
    """
    Yield the statements in ``tree`` that are docstrings.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            if isinstance(first, ast.Expr) and ast.get_docstring(node) is not None:
                yield first
