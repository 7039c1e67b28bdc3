"""The table of checks, in the order in which their findings are told."""

from collections.abc import Sequence

from mertk.doctor import counts, duplicates, files, folds, labels, lengths, pictures, sound, texts
from mertk.doctor.findings import Check, Diagnosis, Examined

EXCLUDE = "copy it again, or leave the clips out with dataset.exclude"

CHECKS: Sequence[Check] = (
    Check(
        "incomplete",
        "severe",
        "the dataset refuses this copy as a whole",
        "complete it; scores of a part are not those of the corpus",
        counts.incomplete,
    ),
    Check(
        "counts",
        "severe",
        "there is another number of something than was published",
        "complete the copy; scores of other clips are not those of the literature's",
        counts.counts,
    ),
    Check(
        "same id",
        "severe",
        "several clips have one id",
        "rename or remove all but one",
        labels.same_id,
    ),
    Check(
        "no class",
        "severe",
        "a label is none of the classes",
        "correct the label or name the class",
        labels.no_class,
    ),
    Check(
        "empty class",
        "severe",
        "a class has no clip",
        "leave the class out, or complete the copy",
        labels.empty_class,
    ),
    Check("missing", "severe", "a media file is not there", EXCLUDE, files.missing),
    Check("broken", "severe", "media cannot be decoded", EXCLUDE, files.broken),
    Check("silent", "severe", "there is nothing to hear", EXCLUDE, sound.silent),
    Check("black", "severe", "half of the pictures or more are black", EXCLUDE, pictures.black),
    Check(
        "frozen",
        "warning",
        "nothing moves for half of the clip or longer",
        "watch some; leave them out with dataset.exclude",
        pictures.frozen,
    ),
    Check(
        "partly black",
        "note",
        "some pictures are black",
        "padding or a fade; encoders see them as pictures",
        pictures.partly_black,
    ),
    Check(
        "too short",
        "warning",
        "no utterance is so short",
        "correct start and end, or leave them out with dataset.exclude",
        lengths.too_short,
    ),
    Check(
        "too long",
        "warning",
        "it must hold more than its utterance",
        "correct start and end, or leave them out with dataset.exclude",
        lengths.too_long,
    ),
    Check(
        "lengths differ",
        "warning",
        "sound and picture end half a second or more apart",
        "one is cut off, of another clip, or states a wrong frame rate: watch some",
        lengths.apart,
    ),
    Check(
        "same sound",
        "warning",
        "clips share their sound (severe: across train and test, or with different labels)",
        "keep one of them; leave the others out with dataset.exclude",
        duplicates.same_sound,
    ),
    Check(
        "same pictures",
        "warning",
        "clips share their pictures (severe: as with sound)",
        "keep one of them; leave the others out with dataset.exclude",
        duplicates.same_pictures,
    ),
    Check(
        "label, no media",
        "warning",
        "a clip lacks sound, pictures or text that others have",
        "complete the copy; models take the clip as missing this modality",
        labels.unheard,
    ),
    Check(
        "media, no label",
        "warning",
        "a file lies beside the clips' and no clip names it",
        "a label is missing, or the file is left over",
        labels.unlabelled,
    ),
    Check(
        "no folds",
        "severe",
        "nothing can be trained and tested",
        "ask for other folds, or complete the copy",
        folds.unfolded,
    ),
    Check(
        "fold parts",
        "severe",
        "a fold is empty, names unknown clips, or tests clips it trains on",
        "correct the folds",
        folds.parts,
    ),
    Check(
        "fold speakers",
        "severe",
        "a speaker is in train and test (note: where dataset.shared_speakers allows it)",
        "ask for folds by speaker, or say dataset.shared_speakers=allow",
        folds.speakers,
    ),
    Check(
        "fold classes",
        "severe",
        "a class has no clip in train (warning: in test)",
        "ask for other folds, or leave the class out",
        folds.classes,
    ),
    Check(
        "no speaker",
        "warning",
        "nobody knows who talks, nor whether folds keep speakers apart",
        "name the speakers, or say dataset.shared_speakers=allow",
        folds.unknown_speakers,
    ),
    Check(
        "same text",
        "warning",
        "clips in train and test say the same: words can be learned by heart",
        "ask for folds by scenario or text, or do not use text",
        texts.same_text,
    ),
    Check(
        "near text",
        "warning",
        "clips in train and test say nearly the same",
        "as with the same text",
        texts.near_text,
    ),
)


def diagnose(examined: Examined, checks: Sequence[Check] = CHECKS) -> list[Diagnosis]:
    """What the checks found; those that found nothing are not in it."""
    found = (Diagnosis(check, tuple(check.find(examined))) for check in checks)
    return [diagnosis for diagnosis in found if diagnosis.findings]
