"""Items of two reporting checklists, by number, in words of our own: what an item asks is in the publication.

Verify numbers and meaning against the published lists before anything is submitted: these are neither.

Source: Collins et al., TRIPOD+AI, BMJ 2024;385:e078378 (27 items, of 52 parts); Tejani et al., CLAIM 2024
update, Radiology: Artificial Intelligence 2024;6(4):e240300 (44 items).
"""

from dataclasses import dataclass
from typing import Final, Literal

# fmt: off
Told = Literal[
    "title", "aim", "source", "eligibility", "subsets", "pseudonyms", "preparation", "annotation",
    "outcomes", "reference standard", "predictors", "scaling", "missing", "poor input", "sample size",
    "parts", "disjoint", "same data", "internal", "external", "imbalance", "model", "software", "beginning",
    "training", "selection", "ensemble", "foretelling", "output", "measures", "uncertainty", "robustness",
    "no updating", "updated", "flow", "characteristics", "numbers", "specification", "performance",
    "limitations", "references", "code",
]
# fmt: on
"""What a run can say something of."""


@dataclass(frozen=True)
class ChecklistItem:
    """An item of a checklist.

    Args:
        number: as published.
        words: ours, on what it is about.
        told: what a run can say of it; empty where only its authors can.
    """

    number: str
    words: str
    told: Told | Literal[""] = ""


TRIPOD_AI: Final = (
    ChecklistItem("1", "title: what kind of model, for whom, of what", "title"),
    ChecklistItem("2", "abstract in parts"),
    ChecklistItem("3a", "why a model is needed, and which there are"),
    ChecklistItem("3b", "whom it is for, who uses it and when"),
    ChecklistItem("3c", "known inequalities between groups of patients"),
    ChecklistItem("4", "aim: to make a model, to evaluate one, or both", "aim"),
    ChecklistItem("5a", "where the data come from", "source"),
    ChecklistItem("5b", "dates of inclusion and of the last look"),
    ChecklistItem("6a", "setting and centres", "source"),
    ChecklistItem("6b", "who could be in it", "eligibility"),
    ChecklistItem("6c", "treatments, and how they are dealt with"),
    ChecklistItem("7", "how data were prepared and checked", "preparation"),
    ChecklistItem("8a", "outcomes, from when and how long", "outcomes"),
    ChecklistItem("8b", "who judged outcomes that need judgement"),
    ChecklistItem("8c", "whether outcomes were judged blind"),
    ChecklistItem("9a", "which predictors were offered, and why", "predictors"),
    ChecklistItem("9b", "how each predictor is defined and when measured", "predictors"),
    ChecklistItem("9c", "who measured predictors that need judgement", "annotation"),
    ChecklistItem("10", "sample size and how it came about", "sample size"),
    ChecklistItem("11", "missing values, and what was done", "missing"),
    ChecklistItem("12a", "who was used for what, and how parted", "parts"),
    ChecklistItem("12b", "form and scale of predictors", "scaling"),
    ChecklistItem("12c", "type of model, how it was built, tuned and judged", "model"),
    ChecklistItem("12d", "differences between centres or groups"),
    ChecklistItem("12e", "measures of performance, and why these", "measures"),
    ChecklistItem("12f", "updating of the model after its evaluation", "no updating"),
    ChecklistItem("12g", "how predictions are reckoned", "foretelling"),
    ChecklistItem("13", "imbalance of classes, and what was done", "imbalance"),
    ChecklistItem("14", "fairness: what was done for it"),
    ChecklistItem("15", "what the model puts out, and any cut", "output"),
    ChecklistItem("16", "differences of those learned from and those judged on", "same data"),
    ChecklistItem("17", "ethics board and consent"),
    ChecklistItem("18a", "funding"),
    ChecklistItem("18b", "conflicts of interest"),
    ChecklistItem("18c", "where the protocol is"),
    ChecklistItem("18d", "registration"),
    ChecklistItem("18e", "whether the data can be had"),
    ChecklistItem("18f", "whether the code can be had", "code"),
    ChecklistItem("19", "part of patients and public in the study"),
    ChecklistItem("20a", "flow of patients, with and without the event", "flow"),
    ChecklistItem("20b", "what patients are like, by centre or part", "characteristics"),
    ChecklistItem("20c", "those learned from beside those judged on", "same data"),
    ChecklistItem("21", "patients and events of each analysis", "numbers"),
    ChecklistItem("22", "the model in full, so that it can be used", "specification"),
    ChecklistItem("23a", "performance, with limits", "performance"),
    ChecklistItem("23b", "differences of performance between centres or groups"),
    ChecklistItem("24", "what updating gave", "updated"),
    ChecklistItem("25", "what the results mean"),
    ChecklistItem("26", "limitations", "limitations"),
    ChecklistItem("27a", "what is done with poor or missing input", "poor input"),
    ChecklistItem("27b", "what its users must do and know"),
    ChecklistItem("27c", "what comes next"),
)
CLAIM: Final = (
    ChecklistItem("1", "title: that it is of AI, and of which kind", "title"),
    ChecklistItem("2", "abstract in parts"),
    ChecklistItem("3", "background and intended use"),
    ChecklistItem("4", "aims and hypotheses", "aim"),
    ChecklistItem("5", "forward or backward in time"),
    ChecklistItem("6", "goal of the study", "aim"),
    ChecklistItem("7", "where the data come from", "source"),
    ChecklistItem("8", "who is in and who is not", "eligibility"),
    ChecklistItem("9", "how images were prepared", "preparation"),
    ChecklistItem("10", "which part of the data was taken", "subsets"),
    ChecklistItem("11", "how persons were made unknown", "pseudonyms"),
    ChecklistItem("12", "missing data", "missing"),
    ChecklistItem("13", "how images were acquired"),
    ChecklistItem("14", "how the reference is defined", "reference standard"),
    ChecklistItem("15", "why this reference"),
    ChecklistItem("16", "who made the reference", "annotation"),
    ChecklistItem("17", "reference of the test set", "annotation"),
    ChecklistItem("18", "how far readers differ"),
    ChecklistItem("19", "how data were parted", "parts"),
    ChecklistItem("20", "at which level parts are disjoint", "disjoint"),
    ChecklistItem("21", "size of the test set, and why", "sample size"),
    ChecklistItem("22", "the model: inputs, layers, outputs", "model"),
    ChecklistItem("23", "software", "software"),
    ChecklistItem("24", "weights at the beginning", "beginning"),
    ChecklistItem("25", "how it was trained", "training"),
    ChecklistItem("26", "how the final model was chosen", "selection"),
    ChecklistItem("27", "ensembles", "ensemble"),
    ChecklistItem("28", "measures of performance", "measures"),
    ChecklistItem("29", "uncertainty and tests", "uncertainty"),
    ChecklistItem("30", "robustness and sensitivity", "robustness"),
    ChecklistItem("31", "how decisions are explained"),
    ChecklistItem("32", "evaluation on data of the same kind", "internal"),
    ChecklistItem("33", "evaluation on data from elsewhere", "external"),
    ChecklistItem("34", "registration of a trial"),
    ChecklistItem("35", "flow of patients", "flow"),
    ChecklistItem("36", "what patients of each part are like", "characteristics"),
    ChecklistItem("37", "performance, with limits", "performance"),
    ChecklistItem("38", "precision of what is estimated", "uncertainty"),
    ChecklistItem("39", "where and why it fails"),
    ChecklistItem("40", "limitations", "limitations"),
    ChecklistItem("41", "what follows for practice"),
    ChecklistItem("42", "protocol or further technical detail", "references"),
    ChecklistItem("43", "where software, model and data can be had", "code"),
    ChecklistItem("44", "funding and its part in the study"),
)
