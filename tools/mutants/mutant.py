"""One changed source, and how it is told from others."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A module's source with one change.

    Args:
        line: where the change is, from 1.
        old: what stood there.
        new: what stands there instead.
        source: the whole module, changed.
    """

    line: int
    old: str
    new: str
    source: str

    @property
    def meaning(self) -> str:
        """Equal for changes that Python cannot tell apart."""
        return meaning(self.source)


def meaning(source: str) -> str:
    """The syntax tree without what tests are not for: docstrings, and what the type checker sees to.

    Raises:
        SyntaxError: it is no Python.
    """
    return ast.dump(_Bare().visit(ast.parse(source)))


def by_place(source: str, change: tuple[int, int], new: str) -> Mutant:
    """The source with the text from one offset to another replaced."""
    start, end = change
    return Mutant(
        source.count("\n", 0, start) + 1, source[start:end], new, source[:start] + new + source[end:]
    )


def by_text(source: str, old: str, new: str) -> Mutant:
    """The source with a text replaced that is in it once.

    Raises:
        LookupError: the text is not there, or several times.
    """
    if (found := source.count(old)) != 1:
        raise LookupError(f"must be there once; found {found} times: {old}")
    start = source.index(old)
    return by_place(source, (start, start + len(old)), new)


class _Bare(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        """Whether a parameter has to be named is for the type checker."""
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.defaults = [*node.defaults, *filter(None, node.kw_defaults)]
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """A frozen class is for the type checker, slots are for the memory."""
        for call in node.decorator_list:
            if isinstance(call, ast.Call):
                call.keywords = [k for k in call.keywords if k.arg not in ("frozen", "slots")]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)
