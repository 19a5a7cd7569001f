"""Which German and English words tell something about a task.

`analys*` stands for every word that begins so, `*konzept` for every one that ends so, `wo` for itself.
A word belongs to one kind; the longest entry wins.
"""

from functools import lru_cache

_KINDS = {
    # An existing text is changed; what it says stays.
    "rework": """netter nettere umwandlung correct order stichpunkte wörter reihenfolge gliedere umschreib* umschreiben vereinfach* simplif* übertragen highlighted liest
        streich* entfern* nimm tausch* füllwörter rechtschreibfehler kommas komma satzzeichen lektor* korrekturlesen nummerier* runde umrechnung übertrag* remove delete cut fix replace capitaliz* capitalis* highlight umstellen bringe bringen
        zusammenfass* fasse fass fassen übersetz* uebersetz* korrigier* korrektur* rechtschreib* tippfehler*
        grammatik* umformulier* kürze kürzen kürzer kürzere duz* siez* höflicher* freundlicher* förmlicher* sortier*
        alphabetisch* formatier* großschreib* großbuchstaben extrahier* wandle wandeln umwandeln umrechnen rechne ersetz*
        mach mache gib lies auslesen einfacher* einfache verständlicher kategorie ordne zähle zählen translat*
        summaris* summariz* proofread* rephras* reword* paraphras* shorten* spelling* grammar* polite* friendlier
        reformat* extract* convert* uppercase* sort turn rename classify shorter""",
    # A fact or a phrase that is short to give.
    "lookup": """kostet niederländisch dänisch englisch französisch spanisch italienisch polnisch türkisch deutsch german english french spanish italian worauf bezieht geschrieben another andere anderes sender absender
        wochentag datum gegenteil antonym* buchstabier* welches welcher which opposite say called spell kalenderwoche einwohner* adresse adressen abbreviation wünsche wünsch greeting
        bedeutet heißt synonym* abkürz* steht lautet schreibt nennt nennst erwähnt laut betreffzeile betreff
        begrüßung* grußformel* hauptstadt uhrzeit telefonnummer wofür hashtag* tastenkombination* stand stands synonyms
        mention mentions mean means acronym* thanks danke hallo hello plural mehrzahl feiertag* vorwahl postleitzahl*
        geburtstag* birthday glückwunsch* genesung* titel überschrift* bildunterschrift* caption* headline* stimmung
        tonfall wetter wecker ja nein yes no ok""",
    # A new text of a usual kind.
    "draft": """liste ankündigung* variante varianten einladen biography* text texte einsatzplan* plakat aushang* dankesschreiben* antrag* bericht* report* notiz* broschüre* brochure* slide* folie* präsentation* presentation* questions fragen interview* bio vermerk*
        aufsetzen bereite prepare brief briefes bürgerbrief* infoblatt* informationsblatt* arbeitsblatt* quiz klappentext* menü menu notes minutes letter email mail e-mail skript* script* funktion* function* letters kundeninformation* stellungnahme* niederschrift* sop flyer* story geschichte* bewerbung* information merkblatt
        schreib* verfass* formulier* entwirf entwurf* erstell* antwort* beantwort* einladung* vorlage* checkliste*
        protokoll* stellenanzeige* angebotstext* anschreiben* zeugnis* leitfaden* agenda tagesordnung* rundschreib*
        newsletter* write draft compose reply respond checklist* announcement* template* produktbeschreib* anleitung*
        arbeitsanweisung* dienstanweisung* betriebsanweisung* faq beschreib* describe posting* beitrag pressemitteilung*
        mahnung* gliederung* outline* merkblatt* rede speech create""",
    "explain": """beschreibung läuft happens works work was
        worin bedeuten verstehen verstehe geht what
        erklär* erläuter* warum wieso weshalb unterschied* funktioniert wie explain why difference* how""",
    # Weigh, judge, derive.
    "analyse": """überleg* verteidig* verhandel* verhandl* nachrechne* rechnet treib* driver* schlussfolger* begutacht* uncertainty consequences suggest discuss* hinterfragen haftungsrecht* steuerrecht* deckt gedeckt schadenersatz* grenze steigen steigt fallen fällt sinken sinkt gesunken decline drop* increase
        gründe grund ursächlich hypothese* erfolgsaussicht* argumentation* gegenargument* *analyse *vergleich *bewertung *prüfung *beurteilung *gutachten finde spricht steuerlich* reasons interaction* safeguard* restructure vorgehen vorgehe vorgehst beweislast* prüf* klär* erforsch* recherchier* statistisch* impact* benchmark* due-diligence swot kritisier* kritisch* deute challenge* reichen belege belegen nachweis* diskussion* streit* pflichten
        analys* vergleich* bewert* beurteil* begründ* untersuch* abwäg* wäge wäg ableit* leite herleit* diskutier*
        hinterfrag* einschätz* schätze ursache* ursachen* grundursache* widerspr* schwachstell* wechselwirk* auswirk*
        auswirkung* konsequenz* folgen zielkonflikt* interpretier* überprüf* prüfe prüfen prüft plausib* risik* argument*
        gegenüberstell* gewicht* rechtlich* gutacht* empfiehl empfehlung* wirken einwände ansprüche aussichten
        aussicht haftet zulässig* compar* evaluat* assess* justif* weigh* critiq* root cause causes implication* consequen*
        trade-off* tradeoff* derive* argue investigat* contradict* examin* risk* pros recommend* review identify isolate judge reason* score fmea verify hypothes*""",
    # Make a whole out of many parts: plan, calculate, build.
    "design": """erarbeit* bemess* bemesse finanzierungsmodell* *modell modell* preise entscheidungsvorlage* überschlägig* berechnung* tarif* margin estimate model caching layer
        *konzept *strategie *planung *kalkulation *durchrechnung *architektur *prognose *optimierung minimal minimier* maximier* verteile verteilen ausgleich* möglichst aufteil* kosten budget* tourenplan* organisier* versuchsplan* gestalte baue bauen aufbau* business-plan businessplan* strategies proration quantify schema minimise minimize maximise maximize budget plans struktur* restrukturier* einführung* transformation* personalplan* wettbewerb*
        plan plane planen projektplan* konzept* konzipier* berechtigungskonzept* strateg* entwickle entwickeln roadmap*
        fahrplan* kalkul* optimal* optimier* berechne berechnen prognos* szenari* wirtschaftlichkeit* amortis* architektur*
        algorithm* implementier* programmier* modellier* simulier* dimensionier* auslegung* auslegen lege beweis*
        geschäftsmodell* investition* investieren sensitiv* kapitalwert* design* develop* strategy calculat* forecast* scenario*
        architect* implement* refactor* refaktor* migrat* optimis* optimiz* simulat* prove npv einführungsplan* notfallplan*
        maßnahmenplan* maßnahmen* schichtplan* debug* deckungsbeitrag* break-even gestaltung* positionierung* betriebsvereinbarung*
        size""",
    # A decision is asked for.
    "decide": """soll sollen sollte sollten lohnt lohnen ob dürfen würdest würden woran should would whether lawful
        entscheid* decision* decide* alternativ* option*""",
    # Something that the answer has to obey or contain.
    "constraint": """muss müssen darf höchstens mindestens maximal berücksichtig* beacht* sofern falls außerdem zusätzlich
        jeweils dabei einerseits andererseits abhängig* anschließend must least consider* given each both assuming
        constraint* includ* einschließlich getrennt annahm* quantifizier* propose schlage""",
    "legal": """vertrag* vertrags* klausel* haftung* gewährleist* kündig* dsgvo gdpr bgb hgb vob arbeitsrecht* betriebsrat*
        betriebsübergang* urteil* § steuer* umsatzsteuer* körperschaft* erbschaft* verjähr* mietrecht* vergaberecht*
        kartellrecht* agb datenschutz* clause* liabil* contract* legal* complian* indemn* bilanz* rückstellung* kündigungsschutz*
        gesellschafter* lieferkettengesetz* lieferketten* regulat* vat tax gmbh einspruch* mitbestimmung* maschinenrichtlinie*
        produkthaftung* rechtslage* rechtsgrundlage* csrd agreement unenforceable""",
    "technical": """versuch* faktor* kalibrier* konsistenzmodell* netztrennung* hplc wiederfindung calibration subscription* renal interactions
        toleranz* festigkeit* dauerfest* drehmoment* regression* statist* varianz* durchsatz* sps regler* schwingung*
        lagerlebensdauer* getriebe* antrieb* hydraulik* sensor* schnittstelle* datenbank* sql python server* netzwerk*
        cnc stromlauf* schaltplan* schaltpläne thermisch* heizlast* statik* lastfall* lastfälle torque bearing* throughput*
        latency* database* kubernetes api cluster* deadlock* encrypt* oee taktzeit* spc medik* dosis* diagnos* vlan
        firewall* backup* query index* indizes isolation* konsisten* replik* korrosion* schweiß* performance firmware
        normalverteilung* prozessfähig* sicherheitsbest* stichprobe* concurrent""",
    "brief": """kurz kurze kurzen kurzer knapp knappe satz zeile zeilen wort briefly short sentence line stichpunkt*
        bullet* stichwort*""",
    "thorough": """ausführlich* detailliert* umfassend* gründlich* schrittweise vollständig* tiefgehend* systematisch*
        detailed thorough* comprehensive* in-depth rigor* systematic* komplett*""",
}
KINDS = tuple(_KINDS)
TASKS = ("rework", "lookup", "draft", "explain", "analyse", "design", "decide")
_ENTRIES = {entry: kind for kind, entries in _KINDS.items() for entry in entries.split()}
_PARTS = sorted({len(entry) - 1 for entry in _ENTRIES if "*" in entry}, reverse=True)


@lru_cache(maxsize=20_000)
def kind_of(word: str) -> str:
    """The kind of a lower-case word, or ''."""
    if kind := _ENTRIES.get(word):
        return kind
    for length in _PARTS:
        if length <= len(word) and (
            kind := _ENTRIES.get(f"{word[:length]}*") or _ENTRIES.get(f"*{word[-length:]}")
        ):
            return kind
    return ""
