"""A recipe as a frozen, typed value: every key of the YAML file, what it may be, its default."""

import hashlib
import json
from collections.abc import Mapping
from inspect import isclass
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

Json = Any
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# Recipes are read strictly, and what a validator has had in its hands is no longer JSON: its lists
# would be refused as tuples.
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)
]
LOSS: Final = "ccc"
"""What is minimised of dimensions where a recipe does not say it."""


class Part(BaseModel):
    """A section of a recipe whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Component(BaseModel):
    """A component by its name; every further key is an argument of its constructor."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    use: str = Field(
        description="A registered name, package.module:Class, or ./file.py:Class", min_length=1
    )

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Json) -> Json:
        """`fusion: concat` is short for `fusion: {use: concat}`."""
        return {"use": value} if isinstance(value, str) else value

    @property
    def arguments(self) -> dict[str, Json]:
        """What its constructor is given."""
        return dict(self.model_extra or {})


class DatasetSpec(Component):
    """The corpus."""

    exclude: Names = Field(default=(), description="Clip ids to leave out of all folds")
    broken: Literal["stop", "skip"] = Field(
        default="stop", description="What to do when a clip's media cannot be read"
    )
    shared_speakers: Literal["refuse", "allow"] = Field(
        default="refuse", description="Whether a speaker may stand in training and test"
    )
    corpus: str = Field(
        default="",
        description="The corpus's name where the dataset does not know it, such as IEMOCAP; it is "
        "looked for among what encoders were pre-trained on",
    )


class EncoderSpec(Component):
    """An encoder; its key in `encoders` names its stream."""

    train: bool = Field(default=False, description="Train it with the rest, or keep it frozen")
    standardize: bool = Field(
        default=False,
        description="Shift and scale each channel of a frozen encoder by mean and spread over the "
        "training clips",
    )
    store: Literal["float32", "float16"] = Field(
        default="float32",
        description="What its features are kept in; float16 takes half the room, and is computed "
        "with as float32",
    )
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        default="fp32",
        description="What a frozen one computes in; halves are faster on hardware made for them",
    )
    channel_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of channels dropped in training, for each clip over all its steps",
    )
    pretrained_on: Names = Field(
        default=(),
        description="Corpora that its weights were trained on, beside those that the encoder knows",
    )

    @field_validator("standardize")
    @classmethod
    def _steady(cls, standardize: bool, info: ValidationInfo) -> bool:
        if standardize and info.data.get("train"):
            raise ValueError(
                "what a trained encoder gives moves as it learns, so its mean and spread are not "
                "known; leave out one of `train` and `standardize`"
            )
        return standardize


class TaskSpec(Component):
    """An auxiliary task."""

    weight: NonNegativeFloat = Field(default=1.0, description="Its share of the training loss")


class MetricSpec(Component):
    """A metric."""

    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][\w-]*$",
        description="What tables call it, where one metric is told several times; default: `use`",
    )

    @property
    def title(self) -> str:
        """What tables call it."""
        return self.name or self.use


class Head(Part):
    """The classifier: one linear layer over the fused vectors side by side."""

    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="Share of the fused values dropped in training"
    )


class Select(Part):
    """Which epoch of a trial is reported."""

    on: Literal["held_out_speaker", "held_out_clips", "valid", "test"] = Field(
        default="held_out_speaker",
        description="held_out_speaker and held_out_clips are carved out of the training part; "
        "valid is the corpus's own part; test is how most published numbers were picked, "
        "and every table marks it",
    )
    by: str = Field(default="ua", description="The metric that picks the epoch")
    speakers: PositiveInt = Field(default=1, description="How many speakers are held out")
    share: float = Field(default=0.1, gt=0, lt=1, description="Share of clips held out per class")


class Train(Part):
    """One fit."""

    epochs: PositiveInt = Field(default=20, description="Passes over the training clips")
    batch_size: int = Field(default=16, ge=2, description="Clips per step")
    lr: float = Field(default=1e-4, gt=0, description="AdamW's (peak) learning rate")
    encoder_lr: float | None = Field(
        default=None, gt=0, description="Another rate for trained encoders; default: the same"
    )
    weight_decay: NonNegativeFloat = Field(
        default=0.01, description="Not applied to biases, norms and other vectors"
    )
    decay_vectors: bool = Field(
        default=False, description="Apply weight decay to biases and norms as well"
    )
    schedule: Literal["constant", "cosine", "linear", "one_cycle"] = Field(
        default="constant", description="How the rate moves from step to step"
    )
    warmup: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of steps that warm up; where it is 0, 0.3 with schedule one_cycle",
    )
    clip_grad: float | None = Field(default=1.0, gt=0, description="Largest gradient norm")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Of the emotion loss: share given to all classes alike"
    )
    loss: Literal["ccc", "mse", "mae"] | None = Field(
        default=None,
        description="Of dimensions, mean over them: ccc is 1 - CCC over the batch (the default "
        "there), mse and mae are in the labels' units; classes and labels have cross-entropy",
    )
    modality_dropout: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of training clips that lack one of their streams, drawn anew each time",
    )
    balanced: bool = Field(default=False, description="Draw every class equally often")
    buckets: bool = Field(default=True, description="Put clips of similar length in a batch")
    micro_batch: PositiveInt | None = Field(
        default=None,
        description="Clips that trained encoders see at once, where a batch of them needs too much "
        "memory: they run twice, losses and gradients are those of the whole batch",
    )
    checkpoint_activations: bool = Field(
        default=False,
        description="Trained encoders compute their activations again instead of keeping them: "
        "slower, in less memory, with the same numbers",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="fp32", description="auto: bf16 or fp16 where the device is good at it"
    )
    seeds: tuple[int, ...] = Field(
        default=(0,), min_length=1, description="Each makes a trial of every fold"
    )
    select: Select = Field(default=Select(), description="Which epoch is reported")
    keep_weights: bool = Field(default=True, description="Keep the selected epoch's weights")

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds) or any(not 0 <= s < 2**63 for s in seeds):
            raise ValueError("expected different numbers from 0 up, below 2**63")
        return seeds


class Ablation(Part):
    """A variant of the recipe."""

    without: Names = Field(default=(), description="Parts to leave out")
    swap: dict[str, Json] = Field(default={}, description="Part -> the component in its place")
    set: dict[str, Json] = Field(default={}, description="Dotted path -> value")

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, value: Json) -> Json:
        if isinstance(value, Mapping) and isinstance(value.get("without"), str):
            return {**value, "without": [value["without"]]}
        return value


class Recipe(Part):
    """A method on a corpus, complete: what `mertk run` trains and scores."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=100, description="Names the results folder"
    )
    source: str = Field(default="", description="Whom to cite for the method")
    notes: str = Field(default="", description="Where it differs from the source")
    dataset: DatasetSpec = Field(description="The corpus")
    encoders: dict[Name, EncoderSpec] = Field(
        min_length=1, description="Encoders by the name of their stream"
    )
    fusion: Component = Field(description="What makes one vector of each stream")
    tasks: dict[Name, TaskSpec] = Field(default={}, description="Auxiliary tasks, in order")
    metrics: tuple[MetricSpec, ...] = Field(
        default=(MetricSpec(use="ua"), MetricSpec(use="wa")),
        min_length=1,
        description="What is told of the predictions",
    )
    head: Head = Field(default=Head(), description="The classifier")
    train: Train = Field(default=Train(), description="One fit, and which epoch of it is reported")
    ablations: dict[str, Ablation] = Field(
        default={}, description="Variants by name: what `mertk ablate` runs beside the full recipe"
    )

    @field_validator("metrics")
    @classmethod
    def _once_each(cls, metrics: tuple[MetricSpec, ...]) -> tuple[MetricSpec, ...]:
        names = [m.title for m in metrics]
        if len(set(names)) < len(names):
            raise ValueError("expected different metrics, or a `name` for each")
        return metrics

    @property
    def selects_on_test(self) -> bool:
        """Whether the reported epoch was picked by the clips it is scored on."""
        return self.train.select.on == "test"


def sections(model: type[BaseModel] = Recipe) -> dict[str, type[BaseModel]]:
    """The sections of a recipe by name; of one that lists or maps parts, what each of them is."""
    found: dict[str, type[BaseModel]] = {}
    for name, field in model.model_fields.items():
        for part in parts_in(field.annotation):
            found |= {name: part, **sections(part)}
    return found


def parts_in(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a type holds."""
    if isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in parts_in(inner)]


def digest(value: Json) -> str:
    """Twelve hexadecimal digits of the SHA-256 of canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
