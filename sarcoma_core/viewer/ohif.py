"""OHIF's published build: where it is, and what it is told. OHIF is under the MIT licence."""

import json
from pathlib import Path
from typing import Final

import numpy as np

from sarcoma_core.errors import UsageError
from sarcoma_core.report.heat_scale import HIDES_FROM, heat_colours
from sarcoma_core.viewer.orthanc import DICOM_WEB

CONFIG: Final = "app-config.js"
"""What OHIF's page asks for before it starts."""
_FETCHED = Path(__file__).parents[2] / "tools" / "ohif" / "node_modules" / "@ohif" / "app" / "dist"
_MISSING_IMAGES = """\
// Without it, the page of OHIF 3.12 goes black where an RTSTRUCT names images that are not there.
window.config.customizationService = [{
  missingReferenceDisplaySetHandler: {
    $set: () => {
      setTimeout(() => window.services?.uiNotificationService?.show({
        title: "It cannot be shown",
        message: "The images that it was drawn on, as it names them, are not there.",
        type: "warning",
        duration: 15000,
      }));
      return { handled: true };
    },
  },
}];
"""
_HEAT_MAPS = """\
// OHIF 3.12 draws a parametric map times 100, in a rainbow, and hides the image wherever it is not 0.
(function watch() {
  const { cornerstone, services } = window;
  const told = services?.segmentationService;
  if (!cornerstone || !told) { setTimeout(watch, 200); return; }
  cornerstone.utilities.colormap.registerColormap(SCALE);
  told.subscribe(told.EVENTS.SEGMENTATION_LOADING_COMPLETE, ({ pmapDisplaySet }) => {
    if (!pmapDisplaySet) return;
    const id = pmapDisplaySet.displaySetInstanceUID;
    const draw = (left) => {
      const viewports = services.cornerstoneViewportService.getRenderingEngine().getViewports();
      const shown = viewports.filter((one) => one.getActors().some((actor) => actor.referencedId === id));
      shown.forEach((one) => {
        one.setProperties({ colormap: { name: SCALE.Name, opacity: OPACITY } }, id);
        one.render();
      });
      if (left && !shown.length) setTimeout(draw, 200, left - 1);
    };
    draw(50);
  });
})();
"""
_TIMES: Final = 100
"""By how much OHIF multiplies a map."""
_HIDES: Final = 0.99
"""How much of the image a map is told to hide at most: OHIF's mixing of two volumes makes a half of it."""
_NEEDED = ("index.html", CONFIG)


def find_ohif(named: Path | None = None) -> Path:
    """The folder of OHIF's build.

    Args:
        named: the one that a user named; else the one that `make view` fetched.

    Raises:
        UsageError: there is no build in it.
    """
    folder = named or _FETCHED
    if all((folder / name).is_file() for name in _NEEDED):
        return folder
    if named is None:
        raise UsageError(
            "--viewer: must be given where `make view` has not fetched OHIF; found no build of it.",
            hint="In a checkout: make view ARCHIVE=DIR. Elsewhere the folder `dist` of the npm package "
            "@ohif/app, as --viewer DIR.",
        )
    raise UsageError(
        f"--viewer: must hold a build of OHIF; found no {' and '.join(_NEEDED)} in {named}.",
        hint="It is the folder `dist` of the npm package @ohif/app.",
    )


def app_config() -> str:
    """The script `app-config.js`: one source of images, of the same origin, which is only read."""
    source = {
        "friendlyName": "Sarcoma archive",
        "name": "sarcoma",
        "qidoRoot": DICOM_WEB,
        "wadoRoot": DICOM_WEB,
        "wadoUriRoot": DICOM_WEB,
        "qidoSupportsIncludeField": True,
        "supportsReject": False,
        "supportsStow": False,
        "dicomUploadEnabled": False,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "omitQuotationForMultipartRequest": True,
        "bulkDataURI": {"enabled": True},
    }
    config: dict[str, object] = {
        "name": "sarcoma",
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": True,
        "showCPUFallbackMessage": True,
        "showLoadingIndicator": True,
        "strictZSpacingForVolumeViewport": True,
        "defaultDataSourceName": "sarcoma",
        "dataSources": [
            {
                "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
                "sourceName": "sarcoma",
                "configuration": source,
            }
        ],
    }
    return f"window.config = {json.dumps(config, indent=1)};\n{_MISSING_IMAGES}{_heat_maps()}"


def _heat_maps() -> str:
    """The script that has OHIF draw heat maps in the colours of our pictures."""
    levels = np.linspace(0, 1, 33, dtype=np.float32)
    points = np.column_stack([levels, heat_colours(levels)]).round(4).ravel().tolist()
    scale = {"Name": "sarcoma heat", "ColorSpace": "RGB", "RGBPoints": points}
    opacity = [
        {"value": _TIMES * level, "opacity": hidden}
        for level, hidden in ((0.0, 0.0), (HIDES_FROM, _HIDES), (1.0, _HIDES))
    ]
    told = {"SCALE": scale, "OPACITY": opacity}
    return "".join(f"const {name} = {json.dumps(value)};\n" for name, value in told.items()) + _HEAT_MAPS
