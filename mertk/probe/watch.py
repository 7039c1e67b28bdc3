"""What gradients reach: parameters, streams, and what each task's loss moves."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mertk.contracts import Stream, Streams
from mertk.errors import Fault
from mertk.model import Model, Output

UNREACHED = "no gradient reaches it in the first steps of training"
ZERO = "its gradient is exactly 0 in the first steps of training"


class Watch:
    """Looks on while a model is trained.

    Args:
        model: Before its first step.
        frozen: Streams that come from frozen encoders.
    """

    def __init__(self, model: Model, frozen: Iterable[str]) -> None:
        self.model, self.frozen = model, tuple(frozen)
        self.trained = dict(_trained(model))
        self.touched: set[str] = set()
        self.moved: set[str] = set()
        self.taught: dict[str, set[str]] = {n: set() for n, w in model.weights.items() if w}
        self.loose: dict[int, Tensor] = {}
        self.streams: list[Mapping[str, Tensor]] = []
        for name, parameter in self.trained.items():
            listening: Any = parameter  # torch's method is untyped
            listening.register_post_accumulate_grad_hook(self._hook(name))
        model.register_forward_pre_hook(self._enter)
        model.register_forward_hook(self._leave)

    def _hook(self, name: str) -> Any:
        def look(parameter: Tensor) -> None:
            self.touched.add(name)
            if parameter.grad is not None and bool(parameter.grad.any()):
                self.moved.add(name)

        return look

    def _enter(self, _: nn.Module, given: tuple[Streams, Tensor]) -> tuple[Streams, Tensor]:
        streams, labels = given
        watched = {n: streams[n].x.detach().requires_grad_() for n in self.frozen}
        self.streams.append(watched)
        return {
            n: Stream(watched[n], s.mask) if n in watched else s for n, s in streams.items()
        }, labels

    def _leave(self, model: nn.Module, _: object, output: Output) -> None:
        assert output.total is not None
        known = {id(x) for x in (*model.parameters(), *self.streams[-1].values())}
        self.loose |= {id(x): x for x in _leaves(output.total) if id(x) not in known}
        for name, taught in self.taught.items():
            taught |= _moved(output.losses[name], dict(_trained(self.model)))

    def faults(self, held: Iterable[nn.Parameter]) -> Iterator[Fault]:
        """What nothing reaches, and what the optimiser does not know of.

        Args:
            held: What the optimiser holds.
        """
        idle = [name for name, taught in self.taught.items() if not taught]
        for name in idle:
            what = "its loss moves no weight of the model in the first steps of training"
            yield Fault(f"tasks.{name}.weight", f"{what}; leave {name} out, or mend it")
        for name in self._aside():
            what = "what learns from its loss is the task itself, and nothing that predicts"
            yield Fault(f"tasks.{name}.weight", f"{what}; leave {name} out, or train an encoder")
        for name in self.frozen:
            grads = [watched[name].grad for watched in self.streams]
            if not any(grad is not None and grad.any() for grad in grads):
                what = "no loss depends on its stream in the first steps of training"
                yield Fault(f"encoders.{name}", f"{what}; leave it out, or mend what reads it")
        aside = [f"tasks.{name}." for name in (*idle, *self._silent())]
        dead = [n for n in self.trained if n not in self.moved and not n.startswith(tuple(aside))]
        for why, names in (
            (UNREACHED, {n for n in dead if n not in self.touched}),
            (ZERO, {n for n in dead if n in self.touched}),
        ):
            for place, count in self._grouped(names).items():
                what = f"{why} ({count} numbers); leave it out, or mend what makes it"
                yield Fault(place, what)
        yield from self._unheld({id(parameter) for parameter in held})

    def notes(self) -> Iterator[str]:
        """What stands still because the recipe says so."""
        for name in self._silent():
            if any(n.startswith(f"tasks.{name}.") for n in self.trained):
                yield f"tasks.{name}: it learns nothing, since its weight is 0"

    def _aside(self) -> Iterator[str]:
        """Tasks whose loss teaches themselves alone, and whose gifts no task reads that counts."""
        needed: set[str] = set()
        for name in reversed(self.model.weights):
            task: Any = self.model.tasks[name]
            own = f"tasks.{name}."
            taught = self.taught.get(name, set())
            gives, takes = set(task.provides), set(task.requires)
            if any(not one.startswith("tasks.") for one in taught) or gives & needed:
                needed = (needed - gives) | takes
            elif taught and all(one.startswith(own) for one in taught):
                yield name

    def _silent(self) -> list[str]:
        return [name for name, weight in self.model.weights.items() if not weight]

    def _unheld(self, held: set[int]) -> Iterator[Fault]:
        mend = "its author must make it a parameter of a module, in the constructor"
        for name, parameter in _trained(self.model):
            if id(parameter) not in held:
                yield Fault(name, f"the optimiser does not hold it; {mend}")
        for one in self.loose.values():
            place = _place(self.model, one)
            if place or isinstance(one, nn.Parameter):  # any other is made anew in every step
                what = f"learns nothing: no parameter of the model, a tensor {list(one.shape)}"
                yield Fault(place, f"{what}; {mend}")

    def _grouped(self, names: set[str]) -> dict[str, int]:
        """The smallest places that hold these parameters and no other, with how many numbers."""
        places: dict[str, int] = {}
        for name in names:
            parts = name.split(".")
            least = 2 if parts[0] in ("encoders", "tasks") else 1
            heads = (".".join(parts[:i]) for i in range(least, len(parts) + 1))
            place = next(h for h in heads if _below(self.trained, h) <= names)
            places[place] = places.get(place, 0) + self.trained[name].numel()
        return places


def _below(names: Iterable[str], place: str) -> set[str]:
    return {name for name in names if f"{name}.".startswith(f"{place}.")}


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((n, p) for n, p in model.named_parameters() if p.requires_grad)


def _moved(loss: Tensor, parameters: Mapping[str, nn.Parameter]) -> set[str]:
    if not loss.requires_grad:
        return set()
    found = torch.autograd.grad(
        loss, list(parameters.values()), retain_graph=True, allow_unused=True
    )
    grads = zip(parameters, found, strict=True)
    return {name for name, grad in grads if grad is not None and bool(grad.any())}


def _leaves(total: Tensor) -> list[Tensor]:
    """The tensors that a value gives gradients to."""
    waiting, seen, found = [total.grad_fn], set(), []
    while waiting:
        node: Any = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        waiting += [below for below, _ in node.next_functions]
    return found


def _place(model: nn.Module, wanted: Tensor) -> str:
    """Where a tensor lies that is no parameter; the model itself where it cannot be found."""
    for prefix, module in model.named_modules():
        for name, value in vars(module).items():
            path = ".".join(part for part in (prefix, name) if part and name != "_buffers")
            for inner, one in _inside(value, path or prefix):
                if one is wanted:
                    return inner
    return ""


def _inside(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, nn.Module):
        yield from ((f"{path}.{name}", p) for name, p in value.named_parameters())
    elif isinstance(value, list | tuple):
        for i, one in enumerate(value):
            yield from _inside(one, f"{path}.{i}")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _inside(one, f"{path}.{key}")
