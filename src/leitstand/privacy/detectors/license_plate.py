"""German number plates: district letters, one or two letters, one to four digits, E or H."""

import re

from leitstand.privacy.detectors.base import Detector, has_digit
from leitstand.privacy.detectors.words import word_set
from leitstand.privacy.entities import Entity, EntityType

_DISTRICTS = word_set(
    """
    A AA AB ABG ABI AC AE AH AIB AIC AK ALF ALZ AM AN ANA ANG ANK AÖ AP APD AR ARN ART AS ASL ASZ AT AU
    AUR AW AZ AZE B BA BAD BAR BB BBG BBL BC BCH BD BE BED BER BF BGD BGL BH BI BID BIN BIR BIT BIW BK
    BKS BL BLB BLK BM BN BNA BO BÖ BOG BOH BOR BOT BP BRA BRB BRG BRI BRK BRL BRV BS BSB BSK BT BTF BÜD
    BUL BÜR BÜS BÜZ BW BWL BYL BZ BZA C CA CAS CB CE CHA CLP CLZ CO COC COE CR CUX CW D DA DAH DAN DAU
    DB DBR DD DE DEG DEL DGF DH DI DIL DIN DIZ DKB DL DLG DM DN DO DON DU DUD DÜW DW DZ E EA EB EBE EBN
    EBS ECK ED EE EF EG EH EI EIC EIH EIL EIN EIS EL EM EMD EMS EN ER ERB ERH ERK ERZ ES ESB ESW EU EW F
    FB FD FDB FDS FEU FF FFB FG FH FI FKB FL FLÖ FN FO FOR FR FRG FRI FRW FS FT FTL FÜ FÜS FW FZ G GA
    GAN GAP GC GD GDB GE GEL GEM GEO GER GF GG GHA GHC GI GK GL GLA GM GMN GN GNT GÖ GOA GOH GP GR GRA
    GRH GRI GRM GRS GRZ GS GT GTH GÜ GUB GUN GV GVM GW GZ H HA HAB HAL HAM HAS HB HBN HBS HC HCH HD HDH
    HDL HE HEB HEF HEI HEL HER HET HF HG HGN HGW HH HHM HI HIG HIP HK HL HM HMÜ HN HO HOG HOH HOL HOM
    HOR HÖS HOT HP HR HRO HS HSK HST HU HV HVL HWI HX HY HZ IGB IK IL ILL IN IZ J JE JL JÜL K KA KAR KB
    KC KE KEH KEL KEM KF KG KH KI KIB KK KL KLE KLZ KM KN KO KÖN KÖT KÖZ KR KRU KS KT KU KÜN KUS KW KY
    KYF L LA LAN LAU LB LBS LBZ LC LD LDK LDS LEO LER LEV LF LG LH LI LIB LIF LIP LL LM LN LÖ LÖB LOS LP
    LR LRO LSA LSN LSZ LU LÜN LUP LWL M MA MAB MAI MAK MAL MB MC MD ME MED MEG MEI MEK MEL MER MET MG
    MGH MGN MH MHL MI MIL MK MKK ML MM MN MO MOD MOL MON MOS MQ MR MS MSE MSH MSP MST MTK MTL MÜ MÜB MÜR
    MVL MW MY MYK MZ MZG N NAB NAI NAU NB ND NDH NE NEA NEB NEC NEN NES NEW NF NH NI NK NM NMB NMS NÖ
    NOH NOL NOM NOR NP NR NRW NT NU NVP NW NWM NY NZ OA OAL OB OBB OBG OC OCH OD OE OF OG OH OHA ÖHR OHV
    OHZ OK OL OP OPR OS OSL OTW OVI OVL OVP OZ P PA PAF PAN PAR PB PCH PE PEG PF PI PIR PL PLÖ PM PN PR
    PRÜ PS PW PZ QFT QLB R RA RC RD RDG RE REG REH REI RG RH RI RID RIE RL RM RN RO ROD ROF ROH ROK ROL
    ROS ROT ROW RPL RS RSL RT RU RÜD RÜG RV RW RZ S SAB SAD SAL SAN SAW SB SBG SBK SC SCZ SDH SDL SDT SE
    SEB SEE SEF SEL SFB SFT SG SGH SH SHA SHG SHK SHL SI SIG SIM SK SL SLE SLF SLK SLN SLS SLÜ SLZ SM
    SMÜ SN SO SOB SOG SOK SÖM SON SP SPB SPN SR SRB SRO ST STA STB STD STE STH STL STO SU SUL SÜW SW SWA
    SY SZ SZB TBB TDO TE TET TF TG THL THW TIR TO TÖL TP TR TS TT TÜ TUT UE UEM UER UFF UH UL UM UN USI
    V VAI VB VEC VER VG VIB VIE VIT VK VOF VOH VR VS W WA WAF WAK WAN WAR WAT WB WBS WDA WE WEL WEN WER
    WES WF WG WHV WI WIL WIS WIT WIZ WK WL WLG WM WMS WN WND WO WOB WOH WOL WOR WOS WR WRN WS WSF WST
    WSW WT WTL WTM WÜ WUG WUN WUR WW WZ WZL X Y Z ZE ZEL ZI ZIG ZP ZR ZS ZW ZZ
    """
)
_FORM = re.compile(
    r"(?<![\w./-])(?P<d>[A-ZÄÖÜ]{1,3})(?:(?P<sep>[ ]?[-–:][ ]?)(?P<l>[A-Z]{1,2})[ -]?|[ ](?P<l2>[A-Z]{1,2})[ -])"
    r"(?P<n>[1-9]\d{0,3})[ ]?(?P<e>[EH])?(?![\w/]|[-.,]\d)"
)
_CUE = r"(?:kennzeichen|kfz|pkw|lkw|auto|wagen|fahrzeug|transporter|sprinter|dienstwagen|plate|kz\.?|amtl\.|stellplatz|geparkt|zugelassen)"
_AFTER_CUE = re.compile(
    _CUE
    + r"[\w.]{0,14}[\s:.=#|(\"'*-]{1,5}(?:(?:mit|dem|das|der|von|ist|lautet|kennzeichen|kfz|nr\.?)\s){0,3}[\"'(]?"
    r"(?P<v>(?P<d>[A-ZÄÖÜa-zäöü]{1,3})(?:[ ]?[-–:· ][ ]?)?[A-Za-z]{1,2}[ -]{0,2}[0-9OlI]{1,4}[ ]?[EHeh]?)(?![\w/]|[-.,]\d)",
    re.IGNORECASE,
)
_NO_PLATE_CUE = re.compile(
    r"(?:DIN|EN|ISO|IEC|VDE|VDI|Typ|Type|Art\w*|Artikel\w*|Modell|Serie|Teil\w*|Nr|Nummer|Klasse|Kabel|Norm|Raum|Halle|Maschine|Werkstoff)"
    r"[\s.:-]{0,3}$",
    re.IGNORECASE,
)
_UNITS = frozenset({"DIN", "EN", "ISO"})


def find(text: str) -> list[Entity]:
    """Plates with a real district; after a cue any writing, lower case too."""
    if not has_digit(text):
        return []
    found = [entity for match in _FORM.finditer(text) if (entity := _judge(text, match))]
    found += [
        Entity(*match.span("v"), EntityType.LICENSE_PLATE, "license_plate", 0.85, "cue")
        for match in _AFTER_CUE.finditer(text)
        if match["d"].upper() in _DISTRICTS
    ]
    return found


def _judge(text: str, match: re.Match[str]) -> Entity | None:
    if match["d"] not in _DISTRICTS or match["d"] in _UNITS:
        return None
    if _NO_PLATE_CUE.search(text[max(0, match.start() - 14) : match.start()]):
        return None
    score = 0.75 if match["sep"] else 0.7
    return Entity(*match.span(), EntityType.LICENSE_PLATE, "license_plate", score, "district and form")


DETECTOR = Detector(
    name="license_plate",
    types=frozenset({EntityType.LICENSE_PLATE}),
    source="FZV Anlage 1: district codes as known in 2024",
    examples=("Der Wagen «S-AB 1234» steht im Hof", "Transporter mit «M AB 123E»", "kennzeichen «hh-xy 99»"),
    counter_examples=("DIN-EN 1090", "Typ A-BC 12", "Teil XX-AB 1234", "ISO-A 4", "Kabel H-XY 3"),
    find=find,
)
