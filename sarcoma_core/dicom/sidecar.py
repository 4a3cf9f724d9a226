"""The sidecar of a converted image: what dcm2niix found in the headers, reduced to physics.

dcm2niix's own anonymisation (`-ba y`) leaves times of day, the institution, the station, serial numbers and
free text such as SeriesDescription. So this is a list of what may stay, not of what must go.
"""

import json
from pathlib import Path

from sarcoma_core.errors import SeriesRefused

KEPT = frozenset(
    {
        # all
        *("Modality", "Manufacturer", "ManufacturersModelName", "SoftwareVersions", "PatientPosition"),
        *("ImageType", "SeriesNumber", "AcquisitionNumber", "SliceThickness", "SpacingBetweenSlices"),
        *("ImageOrientationPatientDICOM", "ConversionSoftware", "ConversionSoftwareVersion", "RawImage"),
        # MR
        *("MagneticFieldStrength", "ImagingFrequency", "MRAcquisitionType", "ScanningSequence"),
        *("SequenceVariant", "ScanOptions", "SequenceName", "PulseSequenceType", "EchoNumber", "EchoTime"),
        *(
            "RepetitionTime",
            "InversionTime",
            "FlipAngle",
            "PartialFourier",
            "EchoTrainLength",
            "PixelBandwidth",
        ),
        *("PercentPhaseFOV", "PercentSampling", "PhaseEncodingSteps", "AcquisitionMatrixPE", "ReconMatrixPE"),
        *("InPlanePhaseEncodingDirectionDICOM", "ParallelReductionFactorInPlane", "SAR", "SpoilingState"),
        *("MTState", "NonlinearGradientCorrection", "NumberOfAverages", "ReceiveCoilName"),
        # PET
        *("Units", "DecayCorrection", "TracerName", "TracerRadionuclide", "RadionuclidePositronFraction"),
        *(
            "InjectedRadioactivity",
            "InjectedRadioactivityUnits",
            "RadionuclideHalfLife",
            "DoseCalibrationFactor",
        ),
        *("AttenuationCorrection", "AttenuationCorrectionMethod", "RandomsCorrectionMethod"),
        *("ScatterCorrectionMethod", "ScatterFraction", "ReconstructionMethod", "ReconMethodName"),
        *("ReconFilterType", "ReconFilterSize", "DecayCorrectionFactor", "FrameTimesStart", "FrameDuration"),
        *("ImageDecayCorrected", "ImageDecayCorrectionTime"),
        # CT
        *(
            "KVP",
            "XRayExposure",
            "XRayTubeCurrent",
            "ExposureTime",
            "ConvolutionKernel",
            "GantryDetectorTilt",
        ),
    }
)


def write_sidecar(source: Path, target: Path) -> None:
    """Copy what may stay.

    Args:
        source: the JSON that dcm2niix wrote.
        target: the file to write; keys sorted, so that equal content is equal bytes.

    Raises:
        SeriesRefused: dcm2niix wrote something else than JSON.
        OSError: the file cannot be read or written.
    """
    try:
        sidecar = json.loads(source.read_text(encoding="utf-8", errors="replace"))
    except json.JSONDecodeError:
        raise SeriesRefused("dcm2niix wrote a sidecar that is not JSON") from None
    kept = {key: value for key, value in sidecar.items() if key in KEPT}
    target.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")
