"""Words of series descriptions in English, French, German, Spanish, Italian, Portuguese, Dutch, by meaning.

Data only. A phrase is written as `words.read_words` makes it: lower case, no accents, one blank between its
words. Of two phrases that begin at one word, the longer counts, so `without contrast` is not `contrast`.
"""

from collections.abc import Mapping

SAYS: Mapping[str, str] = {
    "T1": "t1 t1w t1wi t1c t1ce t1cefs t1gd t1km t1fs t1tse t1se t1fse st1w",
    "T1 technique": (
        "vibe lava thrive ethrive fspgr spgr efgre fgre flash fl2d fl3d mprage mp-rage bravo tigre starvibe "
        "fame radialvibe"
    ),
    "T2": "t2 t2w t2wi t2fs t2tse t2fse haste ssfse frfse t2frfse ssh-tse sshtse st2w",
    "proton density": (
        "pd pdw pdwi dp rho proton-density densite-protonique densite-de-protons densite-proton "
        "densidad-protonica densidad-de-protones densita-protonica densidade-de-protons protonendichte iw "
        "intermediate-weighted"
    ),
    "STIR": (
        "stir tirm t2st t2stir turbostir fst-ir short-tau-inversion-recovery short-tau fastir-stir tstir"
    ),
    "inversion recovery": (
        "ir fir fse-ir fast-ir tse-ir ir-tse ir-fse irfse irtse tir inversion-recovery "
        "inversion-recuperation tfir"
    ),
    "fat-suppressed": (
        "fs fatsat fat-sat fat-saturation fat-saturated fatsupp fat-supp fat-sup fatsup fat-suppressed "
        "fat-suppression fasat spair aspir espair spir sat-graisse satgraisse sat-de-graisse "
        "saturation-graisse saturation-de-la-graisse saturation-de-graisse suppression-graisse "
        "suppression-de-graisse suppression-de-la-graisse supp-graisse fettsat fett-sat fettsaettigung "
        "fettsattigung fettunterdruckt fettunterdrueckt fettunterdruckung fettsupprimiert fettgesattigt "
        "sat-grasa supresion-grasa supresion-de-grasa supresion-de-la-grasa saturacion-grasa "
        "saturacion-de-la-grasa saturacion-de-grasa sat-grasso saturazione-grasso saturazione-del-grasso "
        "saturazione-adipe soppressione-grasso soppressione-del-grasso soppressione-adipe sat-gordura "
        "saturacao-de-gordura saturacao-da-gordura supressao-de-gordura supressao-da-gordura vetsuppressie "
        "vet-suppressie vetsat vet-sat vetverzadiging we watex water-excitation wats proset wfs chess "
        "fatsep sfs tfs fatsep-water"
    ),
    "not fat-suppressed": (
        "nonfs non-fs no-fs nofs non-fat-sat no-fat-sat without-fs without-fat-sat nfs sans-fs sans-fat-sat "
        "sans-fatsat sans-sat-graisse sans-saturation sans-suppression ohne-fs ohne-fettsat sin-fs "
        "sin-sat-grasa senza-fs senza-sat sem-fs sem-sat zonder-fs zonder-vetsuppressie non-fatsat "
        "no-fatsat"
    ),
    "Dixon": "dixon mdixon dixon-quant ideal qdixon flex",
    "Dixon letter of water": "w wa wat water eau wasser agua acqua water-only",
    "Dixon letter of fat": "f fat graisse fett grasa grasso gordura vet fat-only",
    "Dixon letter of in-phase": "in ip in-phase inphase en-phase",
    "Dixon letter of opposed phase": (
        "opp op out oop opposed out-phase opp-phase opposed-phase out-of-phase outphase oppphase "
        "opposition-de-phase hors-phase gegenphase"
    ),
    "contrast": (
        "cplus t1c t1ce t1cefs t1gd t1km ce gd gad gado gadolinium gadovist gadobutrol dotarem gadoterate "
        "magnevist multihance prohance omniscan primovist clariscan vueway elucirem km kontrast "
        "kontrastmittel mit-km nach-km mit-kontrast mit-kontrastmittel nach-kontrast nach-kontrastmittel "
        "nach-gabe nach-gd post poste pst postgd postgado postcontrast post-contrast postkm post-km post-gd "
        "post-gad post-gado post-gadolinium post-inj post-injection post-contraste post-contrasto "
        "with-contrast with-gd with-gado with-gadolinium with-c w-contrast after-contrast contrast "
        "contrast-enhanced enhanced avec-contraste avec-injection avec-inj avec-gado avec-gd "
        "avec-gadolinium avec-infusion av-inj apres-injection apres-inj apres-gado apres-gadolinium "
        "apres-gd apres-contraste apres-iv inj injecte injectee injection contraste contrasto con-contrasto "
        "con-mdc dopo-mdc post-mdc mdc mezzo-di-contrasto dopo-contrasto con-contraste con-civ con-gd "
        "con-gado con-gadolinio tras-contraste despues-de-contraste poscontraste postcontraste "
        "pos-contraste gadolinio com-contraste com-gd com-gado com-gadolinio apos-contraste met-contrast "
        "met-gado met-gd na-contrast na-gado na-gd nacontrast mit-gd mit-gado n-km m-km nkm mkm nachkm civ"
    ),
    "no contrast": (
        "cminus pre precontrast precontraste pre-contrast pre-contraste pre-contrasto pregd pregado pre-gd "
        "pre-gado pre-km pre-inj pre-injection pre-mdc native nativ nativo nativa plain unenhanced "
        "nonenhanced non-enhanced noncontrast non-contrast no-contrast non-con noncon nc without "
        "without-contrast without-gd without-gado wo wo-contrast w-o-contrast sans-contraste sans-injection "
        "sans-inj ss-inj sans-gado sans-gd sans-iv sans-infusion avant-injection avant-inj avant-gado "
        "avant-contraste ohne-km ohne-kontrast ohne-kontrastmittel vor-km vor-kontrast ohne-gd senza-mdc "
        "senza-contrasto senza-gd prima-di-mdc basale sin-contraste sin-gd sin-gado sem-contraste sem-gd "
        "sem-gado zonder-contrast zonder-gado voor-contrast blanco v-km o-km vkm okm vorkm sin-civ s-civ"
    ),
    "enhancement phase": (
        "dyn dynamic dynamique dynamisch dinamico dce arterial arteriel arteriell portal venous veineux "
        "venos delayed tardif late spat equilibrium perf-t1 twist-vibe disco"
    ),
    "diffusion": (
        "dwi dw diff diffusion difusion diffusione difusao diffusie diffusionsgewichtet ddwi dti dwibs ivim "
        "resolve ep2d-diff tracew trace readout-segmented"
    ),
    "map": (
        "adc eadc dadc adcmap apparent-diffusion-coefficient apparent-diffusion-coeff "
        "coefficient-de-diffusion coefficient-apparent-de-diffusion diffusionskoeffizient "
        "coeficiente-de-difusion coefficiente-di-diffusione coeficiente-de-difusao fa fractional-anisotropy "
        "colfa cbf cbv rcbf rcbv mtt ttp tmax ktrans kep ve washin washout wash-in wash-out pei iauc t1-map "
        "t2-map t1map t2map t2star-map mapit t1-mapping t2-mapping map maps mapa mappa carte karte kaart "
        "parametric parametrique pdff ff fat-fraction fatfrac r2star-map r2star qsm phase-map field-map "
        "fieldmap b0map b0-map sub subt subs subtr subtract subtracted subtraction soustraction soustr "
        "subtraktion substraktion substraction substracion sustraccion resta sottrazione subtracao "
        "subtractie aftrek"
    ),
    "localizer": (
        "localizer localiser localizador localizzatore localisateur localiseur localisation localizacion "
        "lokalizer lokalisator locator loc locs 3ploc 3plloc loca scout scouts scoutview aascout scanogram "
        "scanogramme scanograma survey surview topogram topogramme topogramma topograma topo pilot pilote "
        "piloto 3plane 3-plane 3-planes 3-pl 3pl triplane tri-plane tri-plan triplan 3-plans 3plan "
        "three-plane reperage reperages repere centrage ubersicht uebersicht ubersichtsaufnahme plan-scan "
        "planscan planning planung smartbrain fast-view fastview haste-loc overzicht aahead-scout"
    ),
    "aligned copy": (
        "aligned alligned alligne aligne alineado allineato alinhado uitgelijnd realigned registered "
        "registriert recale recalee registrato registrado geregistreerd coregistered coreg coregistration "
        "co-registered co-reg registration recalage reg rreg areg warped deformed deformable resampled "
        "resample reechantillonne resliced reslice interpolated moved transformed transf propagated fused "
        "fusion fusionne fusionado fusioniert fusione fusao overlay topet toct tomr tomri tot1 tot2 to-pet "
        "to-ct to-mr to-mri to-t1 to-t2 to-planning onto 2pet 2ct 2mr on-pet on-ct sur-tep sur-tdm vers-tep "
        "auf-ct auf-pet"
    ),
    "reformatted": (
        "mip mips minip maxip max-ip thin-mip mpr mprs reformat reformats reformatted reformate reformatage "
        "reformation reformatee refmt reform rfmt cpr curved volume-rendering vrt vr ssd 3d-render rendered "
        "3d-rendering reconstructed multiplanar multiplanaire multiplanar-reconstruction rotating rotation "
        "cine-mip processed-images processed"
    ),
    "reconstruction": (
        "recon recons reco reconstruction rekonstruktion rekon ricostruzione reconstruccion reconstrucao "
        "reconstructie"
    ),
    "box": "box boxed crop cropped",
    "special": (
        "flair t2flair darkfluid dark-fluid swi swan swip venobold t2star t2starw gre-t2 t2-gre medic merge "
        "medic2d hemo tof mra mrv angio angiography angiographie angiografia mrangio ce-mra cemra inhance "
        "quiss native-tof trance pcmra phase-contrast venc perf perfusion perfusione dsc asl pcasl bold "
        "fmri rest task mrs spectro spectroscopy spectroscopie svs csi press mrcp ciss fiesta trufi "
        "truefisp true-fisp trufisp bffe b-ffe btfe b-tfe balanced ssfp dess mre elastography elastographie "
        "ute zte dir-t2 cest cine"
    ),
    "calibration": (
        "cal calib calibration asset assetcal refscan ref-scan reference-scan coil-survey senseref "
        "sense-ref senserefscan prescan shim b1-cal b1map b1-map b1 coilref noise test-scan phoenix "
        "phoenixzipreport"
    ),
    "no image series": (
        "screen screensave screen-save screenshot screencapture screen-capture capture captures dose "
        "dose-report doserep patient-protocol protocol-page smart-prep smartprep premonitoring monitoring "
        "test-bolus timing-bolus timing care-bolus carebolus bolus-tracking bolustracking tracker "
        "bolus-track smartstep report results presentation key-images keyimages posdisp saved-state "
        "3d-saved-state mm-oncology-reading"
    ),
    "attenuation-corrected": (
        "ac ctac attenuation-corrected attn corr corrected corrige corrigee corrige-ac mrac"
    ),
    "not attenuation-corrected": (
        "nac noac no-ac non-ac nonac nattn no-attn uncorrected uncorr without-ac wo-ac no-att "
        "nonattenuation non-attenuation non-corrige non-corrigee sans-ac sans-correction unkorrigiert "
        "ohne-ac sin-correccion sin-corregir senza-correzione non-corretto sem-correcao ongecorrigeerd "
        "not-corrected"
    ),
    "lung or bone": (
        "lung lungs poumon poumons pulmon pulmonar polmone polmoni pulmao lunge bone bones os osseux "
        "knochen hueso oseo osso osseo bot parenchyme parenchyma"
    ),
    "axial": (
        "ax axi axial axiale axiaal axiales tra trans transv transverse transversal transversale transaxial "
        "trasversale transversa"
    ),
    "sagittal": "sag sagit sagittal sagittale sagital sagittaal",
    "coronal": "cor coronal coronale coronaal frontal frontale kor koronar",
    "neutral": (
        "tse fse se gre gr tfe ffe spc space cube vista blade propeller multivane mvxd turbo fast rapide 2d "
        "3d ipat grappa sense caipi acs cs hr hires bh rt lt l r left right droit droite gauche links "
        "rechts bilat bilateral both upper lower haut bas long short longte te tr ti mm thigh cuisse femur "
        "hip hanche knee genou leg legs jambe jambes arm arms bras shoulder epaule pelvis bassin foot pied "
        "ankle cheville hand main abdomen thorax chest spine lspine tspine calf mollet buttock fesse elbow "
        "coude forearm avant-bras wb whole body corps entier pet ct mr mri irm tep tdm tc rm research wip "
        "standard full images image o obl oblique xl etl thin thick suite and et und y e with avec mit con "
        "com met mc iv ped proximal distal mid large small fov extremity extremite extremites membre "
        "oberschenkel unterschenkel becken knie musq tumor tumeur lesion mass masse"
    ),
}
"""What a phrase says, and the phrases that say so; `-` stands for the blank within a phrase."""

GLUED = (
    "ax axi axial axiale tra trans sag sagittal sagittale cor coronal coronale t1 t1w t2 t2w pd pdw stir "
    "tirm ir dwi adc tse fse frfse se gre vibe flash spgr fspgr lava spair spir fs fatsat fat sat dixon "
    "mdixon mip mpr to pet ct mr mri post pre gd gado km wip 2d 3d turbo fast space cube blade haste ce "
    "cplus cminus nac ac left right lt rt bilat longte inj sub tep"
)
"""Words that makers and technicians write together without a sign between them: `AXIALT1`, `T2FStoPET`."""
