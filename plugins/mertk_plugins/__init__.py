"""Everything concrete that ships with mertk, entering by the same door as anyone's package."""

from mertk.hookspecs import Register, hookimpl


@hookimpl
def register_encoders(register: Register) -> None:
    """Announce the encoders."""
    at = "mertk_plugins.encoders"
    register("wavlm", f"{at}.wavlm:WavLM", summary="WavLM speech model (transformers)")
    register("whisper", f"{at}.whisper:Whisper", summary="Whisper speech encoder, real length only")
    register("logmel", f"{at}.logmel:LogMel", summary="log-mel filterbank energies")
    register("opensmile", f"{at}.opensmile:OpenSmile", summary="openSMILE functionals (extra)")
    register("clip", f"{at}.clip:CLIP", summary="CLIP image embeddings of whole frames")
    register("timm", f"{at}.timm:Timm", summary="any timm image model, features before its head")
    register("table", f"{at}.table:Table", summary="precomputed vectors or sequences by clip id")


@hookimpl
def register_fusions(register: Register) -> None:
    """Announce the fusions."""
    at = "mertk_plugins.fusions"
    register(
        "cross_attention",
        f"{at}.cross_attention:CrossAttention",
        summary="each modality queries the others, then averages over time",
    )
    register("concat", f"{at}.concat:Concat", summary="time averages side by side")


@hookimpl
def register_tasks(register: Register) -> None:
    """Announce the auxiliary tasks."""
    at = "mertk_plugins.tasks"
    register("avel", f"{at}.avel:AVEL", summary="aligns two modalities by emotion (contrastive)")
    register("mem", f"{at}.mem:MEM", summary="tells matching from drawn non-matching pairs")


@hookimpl
def register_datasets(register: Register) -> None:
    """Announce the datasets."""
    at = "mertk_plugins.datasets"
    register("iemocap", f"{at}.iemocap:IEMOCAP", summary="IEMOCAP in its release layout")
    register(
        "iemocap_synthetic",
        f"{at}.iemocap_synthetic:SyntheticIEMOCAP",
        summary="generated stand-in in IEMOCAP's layout; says nothing about real emotion",
    )
    register("ravdess", f"{at}.ravdess:RAVDESS", summary="RAVDESS speech, EmoBox's six folds")
    register("manifest", f"{at}.manifest:Manifest", summary="your own corpus from a table of clips")


@hookimpl
def register_metrics(register: Register) -> None:
    """Announce the metrics."""
    at = "mertk_plugins.metrics"
    register("ua", f"{at}.ua:UA", summary="unweighted accuracy: mean recall over classes")
    register("wa", f"{at}.wa:WA", summary="weighted accuracy: share of clips that are right")
    register(
        "weighted_f1",
        f"{at}.weighted_f1:WeightedF1",
        summary="F1 averaged over classes, weighted by their sizes",
    )
    register("macro_f1", f"{at}.macro_f1:MacroF1", summary="F1 averaged over classes")
    register("ece", f"{at}.ece:ECE", summary="expected calibration error; lower is better")
    register("nll", f"{at}.nll:NLL", summary="cross-entropy in nats; lower is better")
    register("brier", f"{at}.brier:Brier", summary="Brier score, 0 to 2; lower is better")
    register("ccc", f"{at}.ccc:CCC", summary="concordance correlation of dimensions")
    register("pearson", f"{at}.pearson:Pearson", summary="Pearson's correlation of dimensions")
    register("mae", f"{at}.mae:MAE", summary="mean absolute error of dimensions; lower is better")
    register("micro_f1", f"{at}.micro_f1:MicroF1", summary="F1 over all of several labels together")
    register("label_f1", f"{at}.label_f1:LabelF1", summary="F1 averaged over several labels")
    register("mean_ap", f"{at}.mean_ap:MeanAP", summary="average precision over several labels")
    register("hamming", f"{at}.hamming:Hamming", summary="share of wrong labels; lower is better")
    register(
        "subset_accuracy",
        f"{at}.subset_accuracy:SubsetAccuracy",
        summary="share of clips whose several labels are all right",
    )
