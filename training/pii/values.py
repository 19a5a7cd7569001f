"""Random values for the slots of the training texts: people, companies, addresses, numbers, things.

Surnames, first names, streets, towns and firms come from the gazetteers (see README.md for their licences);
the other lists are written for Leitstand. All people and numbers are random; likeness is accidental.
"""

import gzip
import random
import re
import string
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_FIRST_FOREIGN = """
tr: Mehmet Ayşe Fatma Mustafa Emine Hüseyin Hatice Ali Zeynep Murat Elif Yusuf Merve İbrahim Büşra Okan Gülsüm Serkan Şeyma Tuğba Cem Deniz Özlem Onur Kübra Volkan Nurcan Halil
pl: Krzysztof Agnieszka Paweł Małgorzata Tomasz Katarzyna Piotr Joanna Grzegorz Ewa Łukasz Magdalena Wojciech Zofia Jacek Beata Mariusz Danuta Zbigniew Bożena Sławomir Grażyna
ar: Ahmed Fatima Mohammed Layla Omar Yasmin Khalid Aisha Hassan Noor Yahya Samira Ibrahim Rania Mahmoud Salma Tariq Zahra Bilal Amira Abdulrahman Mariam Karim Nadia Walid Huda
vn: Minh Duc|Quang Huy|Thi Lan|Ngoc|Hai Nam|Thu Ha|Van Tuan|Thanh Tung|Phuong Anh|Bao Chau|Xuan Mai|Kim Lien
ru: Dmitri Olga Sergei Natalia Alexei Irina Wladimir Swetlana Oksana Andrij Tetjana Mykola Juri Ljudmila Ihor Galina Anastasia Pawlo Kateryna Boris
sr: Goran Dragana Zoran Snežana Miloš Jelena Nenad Ivana Dejan Vesna Željko Branka Slobodan Milica Tihomir Mirjana
it: Giuseppe Francesca Antonio Chiara Luca Giulia Salvatore Paola Matteo Lucia Vincenzo Graziella Calogero Rosaria
es: José María Carlos Lucía Javier Carmen Pablo Inés Diego Marisol Joaquín Pilar Iñaki Beatriz João Fernanda Rui Conceição
gr: Georgios Eleni Dimitrios Maria Konstantinos Vasiliki Ioannis Katerina Panagiotis Sofia
in: Rajesh Priya Amit Sunita Vikram Anjali Sanjay Deepa Arjun Lakshmi Muhammad Ayesha Imran Sana
af: Kwame Ama Chinedu Ngozi Abdoulaye Aminata Samuel Grace Tesfaye Selam Oluwaseun Mamadou Fatou
cn: Wei Li Xiaoming Jing Hao Mei Yang Ling Jun Yan Ji-hoon Soo-jin Hiroshi Yuki
en: John Emily Michael Sarah David Jessica James Ashley Robert Olivia William Charlotte Liam Grace Ethan Hannah Kevin Megan Brian Rachel Christopher Amanda Sean Aoife
fr: Jean-Luc Amélie Pierre Camille François Élodie Thierry Mathilde Benoît Chloé Étienne Océane Gaëlle
nd: Lars Ingrid Søren Astrid Björn Freja Mikkel Signe Jørgen Åsa Magnus Linnea Pieter Femke Joost Saskia
hu: László Katalin Gábor Zsuzsanna Ioana Mihai Andreea Bogdan Radu Elena Ferenc Ildikó Petr Jana Tomáš Lenka
"""
_LAST_FOREIGN = """
tr: Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt Özdemir Şimşek Erdoğan Polat Korkmaz Karaca Bulut Güneş Aktaş Yavuz Tekin Sönmez Bozkurt Taşkın Uçar Başaran Karadağ Acar Ünal Yıldırım
pl: Kowalski Nowak Wiśniewski Wójcik Kowalczyk Kamińska Lewandowski Zieliński Szymańska Woźniak Dąbrowski Kozłowska Jankowski Mazur Krawczyk Grabowska Pawłowski Michalska Król Wieczorek Jabłoński Wróbel Stępień Głowacki Bąk Sikora
ar: Haddad Darwish Khalil Mansour Saleh Hamdan Al-Hussein Nasser Aziz Rahman Hariri El-Masri Abbas Qasim Farouk Bakri Al-Khatib Jaber Sabbagh Shehadeh Rahimi Ahmadi Hosseini Karimi Nazari Mohammadi Amiri
vn: Nguyen Tran Pham Hoang Do Le Vu Vo Dang Bui Phan Duong Ngo Đỗ Nguyễn Trần Huỳnh
ru: Ivanov Petrova Smirnow Kusnezowa Popow Wolkowa Sokolow Schewtschenko Bondarenko Kowalenko Tkatschuk Melnyk Boyko Litwinenko Fjodorow Grischuk Kravchenko Morosow
sr: Petrović Jovanović Nikolić Horvat Kovačević Babić Marković Đorđević Stojanović Perić Hodžić Hadžić Mehmedović Krasniqi Berisha Gashi Hoxha Shala Ristevski Dimitrova
it: Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco De Luca|Di Stefano|Lo Presti|Della Valle|Costa Gallo Fontana Caruso
es: García Fernández González Rodríguez López Martínez Pérez de la Cruz|Gómez Ruiz dos Santos|Silva Ferreira Pereira Oliveira Carvalho da Silva|Moreno Navarro
gr: Papadopoulos Georgiou Nikolaidis Konstantinidis Papageorgiou Dimitriadis Makris Vlachos Pappas Oikonomou
in: Sharma Patel Singh Kumar Gupta Reddy Iyer Khan Malik Chaudhry Hussain Banerjee Krishnan
af: Mensah Okafor Adeyemi Diallo Traoré Okonkwo Tesfay Haile Owusu Mbeki Ndiaye Kamara Abebe
cn: Wang Zhang Li Chen Liu Yang Huang Zhao Wu Zhou Kim Park Choi Tanaka Sato Suzuki
en: Smith Johnson Williams Brown Jones Miller Davis Taylor Wilson Anderson Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Baker Murphy O'Brien O'Connor McCarthy Fitzgerald Carter Bennett
fr: Martin Bernard Dubois Moreau Laurent Lefèvre Girard Rousseau Mercier Dupont Desjardins Beaumont Lemaître
nd: Jensen Nielsen Hansen Larsson Johansson Lindqvist Berg Sørensen Olsen de Vries|van den Berg|Visser van Dijk|Jansen Bakker de Jong
hu: Nagy Kovács Szabó Tóth Horváth Popescu Ionescu Popa Dumitru Novák Svoboda Dvořák Procházka Novotný Kučera
"""
_WORD_NAMES = """
Koch Sommer Winter Weiß Schwarz Braun Lang Kurz Klein Groß Stark Jung Alt Neu Frank Ernst Herbst Frühling Sonntag Freitag Montag Mai März Berg Thal Bach Wald Busch Baum Stein Fels Sand
Vogel Fuchs Wolf Hase Hirsch Bär Löwe Adler Falke Fink Amsel Specht Krebs Hecht Fisch Käfer Igel Biber Kaiser König Graf Fürst Herzog Prinz Ritter Bauer Müller Schmidt Schneider Fischer
Becker Wagner Zimmermann Schreiner Maurer Maler Metzger Fleischer Jäger Förster Gärtner Schäfer Hirt Richter Schulze Vogt Amtmann Bürger Pfarrer Mönch Engel Teufel Himmel Heiland Morgen
Abend Nacht Stern Mond Sonne Licht Feuer Schnee Eis Regen Nebel Sturm Wind Blitz Kohl Kraut Rübe Apfel Birnbaum Nuss Pfeffer Salz Zucker Brot Käse Butter Wein Bier Korn Weizen Gerste Hafer
Haas Hahn Henne Huhn Gans Ente Lamm Ochs Rind Kuh Ross Pferd Esel Fromm Gut Lieb Schön Süß Sauer Bitter Milde Wild Zahn Haar Fuß Hand Kopf Herz Bein Daumen Nagel Hammer Beil Säge Zange Pflug
Rad Wagen Schiff Anker Segel Kessel Topf Pfanne Löffel Gabel Messer Becher Krug Glas Teller Schüssel Ofen Herd Haus Hof Garten Zaun Tor Turm Brücke Weg Straße Platz Markt Kirch Kloster Dom
Acker Feld Wiese Heide Moor Teich See Brunnen Quelle Fluss Graben Ufer Strand Hügel Gipfel Kern Schale Stamm Ast Zweig Blatt Blum Rose Lilie Nelke Veilchen Gold Silber Kupfer Eisen Stahl
Geld Pfennig Heller Kreuzer Taler Reich Arm Recht Link Hoch Tief Breit Schmal Kraft Mut Ehre Treu Ehrlich Sauber Rein Glück Freude Lust Sorge Zorn Krieg Frieden Sieg Kampf Held Schütz Wächter
Bote Sänger Spieler Springer Läufer Teller Binder Dreher Gerber Färber Weber Seiler Sattler Wirth Keller Küfer Böttcher Hofmann Lehmann Kaufmann Hauptmann Biedermann Ackermann Baumann Neumann
Brand Funke Rauch Asche Kohle Roth Gelb Blau Grün Rosen Linde Eiche Buche Tanne Erle Ahorn Holz Span Brett Balken Ziegel Mauer Dach Fenster Kammer Stuhl Tisch Bank Schrank Kasten Truhe Horn
Heil Lohn Zins Zoll Pacht Wert Preis Kauf Handel Tausch Frost Hitze Kühl Warm Kalt Feist Dürr Mager Dick Lust Spät Früh Eile Rast Ruh Post Rahmen Muster Probst Kanzler Schmied Kling Bohne Linse
Pilz Hopf Malz Speck Schinken Wurst Kuchen Semmel Stolle Honig Essig Senf Zimmer Treppe Giebel Schall Klang Pauli Sack Beutel Tasche Mantel Rock Hut Stiefel Schuh Knopf Faden Nadel Fingerhut
"""
_TOP_NAMES = """
Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Bauer Koch Richter Klein Wolf Schröder Neumann Schwarz Braun Hofmann Zimmermann Schmitt Hartmann Krüger
Schmid Werner Lange Krause Meier Lehmann Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Scholz Möller Weiß Jung Hahn Vogel Friedrich Keller Günther Berger Winkler
Lorenz Baumann Schuster Kraus Böhm Simon Franke Albrecht Winter Martin Schumacher Krämer Vogt Jäger Stein Otto Sommer Groß Seidel Brandt Haas Schreiber Graf Dietrich Ziegler Kuhn Kühn Pohl Engel
"""
_FIRST_ADULT = """
Thomas Michael Andreas Peter Stefan Christian Wolfgang Jürgen Klaus Frank Matthias Markus Martin Bernd Uwe Ralf Jens Holger Dirk Torsten Sven Jörg Heiko Olaf Karl-Heinz Dieter Manfred Helmut
Günter Horst Gerhard Werner Rolf Heinz Walter Hans Karl Otto Fritz Egon Siegfried Reinhard Ulrich Rainer Volker Detlef Norbert Joachim Jochen Lutz Ingo Carsten Marco Mario René Ronny Maik Enrico
Sabine Susanne Petra Monika Birgit Andrea Claudia Martina Gabriele Angelika Ute Heike Kerstin Silke Anja Katrin Nicole Stefanie Christine Ursula Renate Helga Ingrid Karin Gisela Christa Brigitte
Erika Hannelore Waltraud Edeltraud Elfriede Hildegard Irmgard Gerda Lieselotte Ilse Käthe Bärbel Cornelia Simone Tanja Sandra Daniela Melanie Nadine Katja Yvonne Mandy Doreen Antje Britta Wiebke
Jan Tim Lukas Jonas Felix Leon Niklas Finn Paul Max Moritz Philipp Julian Tobias Sebastian Florian Alexander Daniel David Benjamin Patrick Dennis Marcel Kevin Pascal Fabian Dominik Robin Nils Malte
Anna Lena Laura Julia Sarah Lisa Katharina Johanna Sophie Marie Leonie Hannah Lea Franziska Theresa Carolin Svenja Jana Jasmin Vanessa Jessica Jacqueline Annika Maike Frauke Swantje Kirsten Imke
"""
_TOWNS_BIG = """
Berlin|Hamburg|München|Köln|Frankfurt am Main|Stuttgart|Düsseldorf|Leipzig|Dortmund|Essen|Bremen|Dresden|Hannover|Nürnberg|Duisburg|Bochum|Wuppertal|Bielefeld|Bonn|Münster|Mannheim|Karlsruhe|Augsburg|Wiesbaden|Mönchengladbach|Gelsenkirchen|Aachen|Braunschweig|Kiel|Chemnitz|Halle (Saale)|Magdeburg|Freiburg im Breisgau|Krefeld|Mainz|Lübeck|Erfurt|Oberhausen|Rostock|Kassel|Hagen|Potsdam|Saarbrücken|Ulm|Regensburg|Würzburg|Heilbronn|Pforzheim|Ingolstadt|Reutlingen|Koblenz|Jena|Trier|Siegen|Gera|Wien|Graz|Linz|Salzburg|Zürich|Basel|Bern|St. Gallen|Rottenburg am Neckar|Bad Homburg v. d. Höhe|Neustadt an der Weinstraße|Weil am Rhein|Bad Oldesloe|Lutherstadt Wittenberg|Sankt Augustin|Garmisch-Partenkirchen|Villingen-Schwenningen
"""
_PUBLIC = """
Deutsche Bahn|Deutsche Bank|Sparkasse|Volksbank|Commerzbank|Postbank|DKB|ING|KfW|Bundesbank|Allianz|AXA|HUK-Coburg|ERGO|Generali|Debeka|Signal Iduna|R+V|Provinzial|Gothaer|Zurich|AOK|Barmer|TK|Techniker Krankenkasse|DAK|IKK classic|BKK|KKH|DHL|DPD|UPS|GLS|Hermes|FedEx|SAP|Siemens|Bosch|Microsoft|Google|Apple|Amazon|OpenAI|Anthropic|Meta|BASF|Bayer|BMW|Volkswagen|Audi|Mercedes-Benz|Porsche|Telekom|Vodafone|O2|1&1|E.ON|RWE|EnBW|Vattenfall|Lidl|Aldi|Rewe|Edeka|Ikea|Kaufland|Rossmann|dm|Obi|Bauhaus|DATEV|Schufa|GEMA|TÜV Süd|DEKRA|IHK|Handwerkskammer|BaFin|Finanzamt|Amtsgericht|Landgericht|Bundesgerichtshof|BGH|Bundesagentur für Arbeit|Jobcenter|Deutsche Rentenversicherung|Knappschaft|Berufsgenossenschaft|Stadtwerke|Ordnungsamt|Jugendamt|Gesundheitsamt|Bürgeramt|Zulassungsstelle|Kfz-Zulassungsstelle|Bundesnetzagentur|Kraftfahrt-Bundesamt|Statistisches Bundesamt|Robert Koch-Institut|Paul-Ehrlich-Institut|Fraunhofer-Institut|Max-Planck-Gesellschaft|Charité|Uniklinikum|Universität Heidelberg|TU München|RWTH Aachen|Hochschule Esslingen|Bundestag|Bundesrat|EU-Kommission|Europäische Zentralbank|EZB|UNO|WHO|NATO|IG Metall|ver.di|DIHK|VDI|VDMA|Bitkom|ADAC|Caritas|Diakonie|Rotes Kreuz|Malteser|Johanniter|Stiftung Warentest|Tagesschau|Der Spiegel|FAZ|Handelsblatt|Netflix|YouTube|LinkedIn|Xing|Facebook|Instagram|PayPal|Klarna|Visa|Mastercard|Adobe|Oracle|IBM|Cisco|Dell|HP|Lenovo|Intel|Nvidia|AMD|Salesforce|Atlassian|Zoom|Slack|GitHub|Docker|Red Hat|Trumpf|Festo|Beckhoff|Phoenix Contact|Rittal|Wago|Schaeffler|SKF|ZF|Continental|Würth|Hilti|Stihl|Kärcher|Makita|Vaillant|Viessmann|Buderus|Stiebel Eltron|Grohe|Miele|Lufthansa|Ryanair|FlixBus|FC Bayern|Borussia Dortmund|VfB Stuttgart|Hugo Boss|Adidas|Puma|Ritter Sport|Haribo|Dr. Oetker|Henkel|Beiersdorf|Tesa|Leitz|Faber-Castell|Pelikan|Mann+Hummel|Daimler Truck|MAN|Liebherr|Jungheinrich|Linde|Still|Krones|Heidelberger Druck
"""
_PRODUCTS = """
Kaffeevollautomat|Akkuschrauber|Wärmepumpe|Kugellager|Filtereinsatz|Dichtungssatz|Laserdrucker|Notebook|Monitor|Dockingstation|Palettenhubwagen|Gabelstapler|Hydraulikzylinder|Frequenzumrichter|Schaltschrank|Kreiselpumpe|Absperrklappe|Kompressor|Schweißgerät|Fräskopf|Spannfutter|Bandsäge|Regalbediengerät|Förderband|Etikettendrucker|Barcodescanner|Barhocker|Bürostuhl|Schreibtisch|Rollcontainer|Aktenvernichter|Kopierpapier|Toner|Kugelschreiber|Hefter|Ordner|Handschuhe|Schutzbrille|Gehörschutz|Sicherheitsschuhe|Warnweste|Rauchmelder|Feuerlöscher|Heizkörper|Thermostat|Gasbrennwertgerät|Wechselrichter|Solarmodul|Batteriespeicher|Wallbox|Ladekabel|Winterreifen|Bremsscheibe|Stoßdämpfer|Zündkerze|Ölfilter|Keilriemen|Lichtmaschine|Anlasser|Turbolader|Zahnriemen|Waschmaschine|Geschirrspüler|Kühlschrank|Mikrowelle|Staubsauger|Rasenmäher|Heckenschere|Kettensäge|Hochdruckreiniger|Fahrradhelm|Kinderwagen|Rucksack|Zelt|Schlafsack|Gesichtscreme|Vollkornbrot|Rapsöl|Mineralwasser|Espressobohnen|Verpackungsfolie|Wellpappe|Europalette|Spanngurt|Inkontinenzeinlagen|Rollator|Blutdruckmessgerät|Infusionspumpe|Ultraschallgerät|Hüftprothese|Kompressionsstrümpfe
"""
_JOBS = """
Einkäufer|Einkäuferin|Sachbearbeiter|Sachbearbeiterin|Vertriebsleiter|Lagerist|Schichtleiter|Produktionshelfer|Meister|Mechatroniker|Elektroniker|Industriemechaniker|Zerspanungsmechaniker|Konstrukteurin|Projektleiter|Projektmanagerin|Controller|Controllerin|Buchhalter|Buchhalterin|Personalreferentin|Ausbilder|Auszubildende|Werkstudent|Praktikantin|Assistentin der Geschäftsführung|Geschäftsführer|Prokuristin|Betriebsrat|Datenschutzbeauftragter|IT-Administrator|Softwareentwicklerin|Systemingenieur|Product Owner|Scrum Master|Head of Sales|Key Account Manager|Teamleiter|Abteilungsleiterin|Außendienstmitarbeiter|Servicetechniker|Kundenberaterin|Empfang|Hausmeister|Reinigungskraft|Fahrer|Disponent|Staplerfahrer|Koch|Kellnerin|Verkäufer|Filialleiterin|Friseurin|Pflegefachkraft|Altenpflegerin|Krankenschwester|Arzthelferin|Oberarzt|Chefärztin|Assistenzarzt|Physiotherapeutin|Hebamme|Apotheker|Lehrer|Erzieherin|Schulleiter|Rechtsanwalt|Notarin|Steuerberater|Steuerfachangestellte|Wirtschaftsprüfer|Richter|Staatsanwältin|Gutachter|Architektin|Bauleiter|Maurer|Dachdecker|Tischler|Zimmermann|Maler|Schlosser|Schmied|Müller|Bäcker|Metzger|Gärtner|Landwirt|Förster|Pfarrer|Musiker|Journalistin|Redakteur|Grafikerin|Fotograf|accountant|sales manager|nurse|engineer|project manager|clerk|warehouse worker
"""
_FIELDS = """
Name|Vorname|Nachname|Anschrift|Straße|PLZ|Ort|Telefon|Telefax|Fax|Mobil|E-Mail|Datum|Betreff|Kundennummer|Rechnungsnummer|Bestellnummer|Auftragsnummer|Artikel|Menge|Einheit|Preis|Gesamt|Summe|Netto|Brutto|MwSt.|Rabatt|Skonto|Lieferung|Liefertermin|Versand|Status|Bemerkung|Hinweis|Abteilung|Kostenstelle|Projekt|Position|Beschreibung|Beginn|Ende|Dauer|Pause|Stunden|Kilometer|Tankstand|Zählerstand|Verbrauch|Baujahr|Farbe|Größe|Gewicht|Material|Oberfläche|Toleranz|Seriennummer|Charge|Lagerort|Regal|Bestand|Meldebestand|Lieferant|Kunde|Ansprechpartner|Unterschrift|Stempel|Anlage|Seite|Revision|Freigabe|Geprüft|Erstellt|Diagnose|Befund|Therapie|Medikation|Anamnese|Dosierung|Blutdruck|Puls|Temperatur|Größe|Allergien|Note|Fach|Klasse|Kurs|Semester|Priorität|Kategorie|Ticket|Bearbeiter|Gemeldet|Gelöst|Konto|Saldo|Soll|Haben|Buchungstext|Beleg|Valuta|Bank|Zweck|Betrag|Währung|Fälligkeit|Mahnstufe|Zahlungsart|Vertragsbeginn|Laufzeit|Kündigungsfrist|Miete|Nebenkosten|Kaution|Wohnfläche|Zimmer|Etage|Heizung|Stellplatz|Thema|Verantwortlich|Termin|Ergebnis|Maßnahme|Erledigt|Offen|Wer|Was|Bis wann
"""
_BRANDS = """
Shell|Castrol|Fanuc|Kuka|Arburg|Trumpf|Komatsu|Kubota|Caterpillar|Scania|Iveco|Hyundai|Toyota|Honda|Suzuki|Yamaha|Samsung|Sony|Panasonic|Philips|Epson|Canon|Brother|Kyocera|Ricoh|Xerox|Logitech|Garmin|Dyson|Nespresso|Starbucks|Ikea|Zalando|Ebay|Spotify|Netflix|Tesla|Renault|Peugeot|Citroën|Fiat|Skoda|Seat|Volvo|Mazda|Nissan|Kia|Michelin|Bridgestone|Goodyear|Hankook|Pirelli|Haribo|Milka|Nutella|Nivea|Tempo|Lego|Playmobil|Rexroth|Schunk|Mitutoyo|Keyence|Omron|Danfoss|Grundfos|Wilo|Sennheiser|Braun|Gardena|Metabo|Einhell|Dewalt|Ryobi
"""
_CATEGORIES = "ADM|FIN|HR|IT|OPS|PMO|QS|R&D|VK|EK|LOG|TB|BU|GF"


def _lines(block: str) -> list[str]:
    return [item.strip() for line in block.strip().splitlines() for item in line.split("|") if item.strip()]


def _by_origin(block: str) -> dict[str, list[str]]:
    """`xx: Name Name Two Words|Name` by origin: a bar ends a name of several words."""
    names: dict[str, list[str]] = {}
    for line in block.strip().splitlines():
        origin, _, rest = line.partition(": ")
        found: list[str] = []
        for chunk in rest.split("|"):
            words = chunk.split()
            if "|" not in rest:
                found += words
            else:
                found += _grouped(words)
        names[origin] = found
    return names


_PARTICLES = {"de", "la", "dos", "da", "van", "den", "De", "Di", "Lo", "Della"}
_TWO_WORD_FIRST = {"Minh", "Quang", "Thi", "Hai", "Thu", "Van", "Thanh", "Phuong", "Bao", "Xuan", "Kim"}


def _grouped(words: list[str]) -> list[str]:
    out: list[str] = []
    held: list[str] = []
    for word in words:
        held.append(word)
        if word not in _PARTICLES and not (word in _TWO_WORD_FIRST and len(held) == 1):
            out.append(" ".join(held))
            held = []
    return out


@dataclass(frozen=True)
class Person:
    """One invented person; female decides Frau or Herr."""

    first: str
    last: str
    female: bool


@dataclass(frozen=True)
class Company:
    """A company: its full name as in the register, and what people call it."""

    full: str
    short: str


class Values:
    """Draws values; one instance per worker, seeded."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        """folder: the gazetteers."""
        self.rng = rng
        self.nouns: list[str] = []
        self._folder = folder
        self._first_foreign = _by_origin(_FIRST_FOREIGN)
        self._last_foreign = _by_origin(_LAST_FOREIGN)
        self._word_names = _WORD_NAMES.split()
        self._top_names = _TOP_NAMES.split()
        self._first_adult = _FIRST_ADULT.split()
        self.lists = {
            "public": _lines(_PUBLIC), "product": _lines(_PRODUCTS), "job": _lines(_JOBS), "field": _lines(_FIELDS),
            "category": _lines(_CATEGORIES), "bigtown": _lines(_TOWNS_BIG),
        }  # fmt: skip

    def _read(self, name: str) -> list[str]:
        return gzip.decompress((self._folder / name).read_bytes()).decode().splitlines()

    @cached_property
    def _surnames(self) -> list[str]:
        return [
            name for name in self._read("surnames_germaner.txt.gz") if len(name) > 2 and name[0].isupper()
        ]

    @cached_property
    def _firsts(self) -> list[tuple[str, str]]:
        rows = [line.split("\t") for line in self._read("firstnames_berlin.tsv.gz")]
        return [(row[0], row[1]) for row in rows if len(row) > 1]

    @cached_property
    def _streets(self) -> list[str]:
        return self._read("streets_osm.txt.gz")

    @cached_property
    def _towns(self) -> list[str]:
        return [town for town in self._read("cities_osm.txt.gz") if len(town) > 3]

    @cached_property
    def _firms(self) -> list[str]:
        famous = re.compile(
            r"sparkasse|volksbank|aldi|lidl|rewe|edeka|netto|penny|norma|rossmann|deutsche|telekom|vodafone|post|bank|dm\b|kik\b|"
            r"shell|aral|esso|jet\b|mcdonald|subway|burger king|aok|allianz|huk|obi\b|bosch|bmw|audi|ford|opel|vw|mercedes|"
            r"tedi|takko|ernsting|deichmann|fielmann|apollo|schlecker|müller$|real$|kaufland|total$|aral|tchibo|kiosk$|bäckerei$",
            re.IGNORECASE,
        )
        return [
            firm
            for firm in self._read("companies_osm.txt.gz")
            if 4 < len(firm) < 45 and not famous.search(firm)
        ]

    def thing(self, name: str) -> str:
        """An entry of a list of things; in 4 of 10 another German noun, so that lists are not learnt by heart."""
        r = self.rng
        if (
            self.nouns
            and name in ("product", "job", "field")
            and r.random() < (0.25 if name == "job" else 0.45)
        ):
            noun = r.choice(self.nouns)
            return noun if r.random() < 0.7 else f"{noun}{r.choice(self.nouns).lower()}"
        return r.choice(self.lists[name])

    # -- people

    def surname(self) -> str:
        r = self.rng
        kind = r.random()
        if kind < 0.12:
            return r.choice(self._top_names)
        if kind < 0.27:
            return r.choice(self._word_names)
        if kind < 0.48:
            return r.choice(r.choice(list(self._last_foreign.values())))
        if kind < 0.53:
            return f"{r.choice(self._surnames)}-{r.choice([r.choice(self._surnames), r.choice(self._top_names), r.choice(self._word_names)])}"
        if kind < 0.56:
            return f"{r.choice(['von', 'von der', 'zu', 'von und zu', 'van', 'van der', 'vom', 'Freiherr von', 'Graf', 'zum', 'ter', 'auf dem', 'ten'])} {r.choice(self._surnames)}"
        if kind < 0.62:
            return self.invented_name()
        return r.choice(self._surnames)

    def invented_name(self) -> str:
        r = self.rng
        start = r.choice(
            [
                "B",
                "Br",
                "D",
                "Dr",
                "F",
                "Fr",
                "G",
                "Gr",
                "H",
                "J",
                "K",
                "Kl",
                "Kr",
                "L",
                "M",
                "N",
                "P",
                "Pf",
                "R",
                "S",
                "Sch",
                "Schl",
                "Schw",
                "St",
                "T",
                "Tr",
                "W",
                "Z",
                "V",
                "Bl",
                "Kn",
                "Str",
                "C",
                "Ch",
            ]
        )
        body = r.choice(["a", "e", "i", "o", "u", "ä", "ö", "ü", "au", "ei", "ie", "eu"]) + r.choice(
            [
                "b",
                "ck",
                "d",
                "f",
                "ff",
                "g",
                "l",
                "ll",
                "m",
                "mm",
                "n",
                "nn",
                "ng",
                "nd",
                "nk",
                "p",
                "pp",
                "r",
                "rg",
                "rt",
                "s",
                "ss",
                "st",
                "t",
                "tt",
                "tz",
                "z",
                "zz",
                "ch",
                "sch",
                "lz",
                "ld",
                "hn",
                "hm",
            ]
        )
        tail = r.choice(
            [
                "",
                "",
                "e",
                "er",
                "el",
                "en",
                "ler",
                "mann",
                "ke",
                "ig",
                "ner",
                "lein",
                "le",
                "inger",
                "sen",
                "ow",
                "ski",
                "itz",
                "a",
                "ert",
                "old",
                "hoff",
                "stedt",
                "brink",
            ]
        )
        return start + body + tail

    def first(self, origin: str | None = None) -> tuple[str, bool]:
        r = self.rng
        if origin:
            return r.choice(self._first_foreign[origin]), r.random() < 0.5
        kind = r.random()
        if kind < 0.45:
            return r.choice(self._first_adult), r.random() < 0.5
        if kind < 0.6:
            return r.choice(r.choice(list(self._first_foreign.values()))), r.random() < 0.5
        name, sex = r.choice(self._firsts[: r.choice((300, 1500, 13000))])
        if kind > 0.95:
            name = f"{name}-{r.choice(self._first_adult)}"
        return name, sex == "w"

    def person(self) -> Person:
        r = self.rng
        if r.random() < 0.2:
            origin = r.choice(list(self._first_foreign))
            first, female = self.first(origin)
            return Person(first, r.choice(self._last_foreign[origin]), female)
        first, female = self.first()
        return Person(first, self.surname(), female)

    # -- companies

    def company(self) -> Company:
        r = self.rng
        kind = r.random()
        form = r.choice(
            ["GmbH"] * 8
            + ["GmbH & Co. KG"] * 4
            + [
                "AG",
                "AG",
                "KG",
                "OHG",
                "e.K.",
                "e. K.",
                "UG (haftungsbeschränkt)",
                "SE",
                "GbR",
                "eG",
                "e.V.",
                "PartG mbB",
                "mbH",
                "gGmbH",
                "Ltd.",
                "Inc.",
                "S.A.",
                "B.V.",
                "Sp. z o.o.",
                "S.r.l.",
                "KGaA",
            ]
        )
        trade = r.choice(
            [
                "Maschinenbau",
                "Logistik",
                "Transporte",
                "Metallbau",
                "Anlagenbau",
                "Elektrotechnik",
                "Haustechnik",
                "Bau",
                "Bedachungen",
                "Software",
                "Systems",
                "Consulting",
                "Immobilien",
                "Automotive",
                "Werkzeugbau",
                "Verpackungen",
                "Fenster",
                "Textil",
                "Druck",
                "Medien",
                "Gebäudereinigung",
                "Sicherheitstechnik",
                "Feinmechanik",
                "Präzisionsteile",
                "Kunststofftechnik",
                "Medizintechnik",
                "Pharma",
                "Vertrieb",
                "Handels",
                "Solutions",
                "Technologies",
                "Engineering",
                "Group",
                "Holding",
                "Energie",
                "Umwelt",
                "Lebensmittel",
                "Getränke",
                "Möbel",
                "Garten",
                "Catering",
                "Events",
                "Pflege",
                "Treuhand",
                "Vermögensverwaltung",
            ]
        )
        if kind < 0.25:
            name = f"{self.surname()} {trade}"
            return Company(f"{name} {form}", r.choice([name, name.rsplit(" ", 1)[0]]))
        if kind < 0.45:
            brand = self.brand()
            return Company(f"{brand}{r.choice([' ', ' ', f' {trade} '])}{form}", brand)
        if kind < 0.52:
            name = f"{self.surname()} {r.choice(['&', 'und', '+'])} {r.choice([self.surname(), self.surname(), 'Söhne', 'Sohn', 'Partner', 'Kollegen', 'Co.'])}"
            tail = r.choice(
                [" Rechtsanwälte", " Steuerberater", f" {form}", f" {form}", "", " Architekten", " PartG mbB"]
            )
            return Company(name + tail, name)
        if kind < 0.64:
            shop = r.choice(
                [
                    "Autohaus",
                    "Bäckerei",
                    "Metzgerei",
                    "Fleischerei",
                    "Schreinerei",
                    "Tischlerei",
                    "Spedition",
                    "Kanzlei",
                    "Steuerkanzlei",
                    "Ingenieurbüro",
                    "Architekturbüro",
                    "Hausverwaltung",
                    "Elektro",
                    "Sanitär",
                    "Druckerei",
                    "Gärtnerei",
                    "Praxis",
                    "Zahnarztpraxis",
                    "Apotheke",
                    "Hotel",
                    "Gasthof",
                    "Pension",
                    "Weingut",
                    "Brauerei",
                    "Möbelhaus",
                    "Buchhandlung",
                    "Optik",
                    "Reisebüro",
                    "Fahrschule",
                    "Taxi",
                    "Blumen",
                    "Zimmerei",
                    "Schlosserei",
                    "Getränke",
                    "Notariat",
                    "Gebrüder",
                    "Malerbetrieb",
                    "Dachdeckerei",
                    "Landhandel",
                    "Salon",
                    "Café",
                ]
            )
            name = f"{shop} {r.choice([self.surname(), self.surname(), 'am ' + r.choice(['Markt', 'Dom', 'Park', 'Rathaus', 'See']), 'Dr. ' + self.surname()])}"
            return Company(r.choice([name, f"{name} {form}"]), name)
        if kind < 0.72:
            name = self.surname()
            return Company(f"{name} {form}", name)
        if kind < 0.78:
            name = f"{r.choice(['Nord', 'Süd', 'Rhein', 'Elb', 'Main', 'Donau', 'Alpen', 'Ost', 'West', 'Baltic', 'Hanse', 'Harz', 'Neckar', 'Isar', 'Ruhr', 'Saar'])}{r.choice(['', '-', '-'])}{r.choice(['werk', 'Form', 'tec', 'Soft', 'Pack', 'log', 'Trans', 'bau', 'Chem', 'Plast', 'Stahl', 'Guss', 'Control', 'Data', 'Med', 'Pharm', 'Agrar', 'Holz', 'Glas', 'druck'])}"
            return Company(r.choice([f"{name} {form}", f"{name} {trade} {form}"]), name)
        firm = r.choice(self._firms)
        full = firm if r.random() < 0.45 or re.search(r"GmbH|AG$|KG|e\.K|OHG", firm) else f"{firm} {form}"
        return Company(full, firm)

    def brand(self) -> str:
        r = self.rng
        kind = r.random()
        if kind < 0.2:
            return "".join(r.choices(string.ascii_uppercase, k=r.choice((2, 3, 3, 4))))
        a = r.choice(
            [
                "aqua",
                "thermo",
                "nova",
                "delta",
                "inno",
                "pro",
                "media",
                "tele",
                "opti",
                "uni",
                "agro",
                "bio",
                "euro",
                "flexi",
                "geo",
                "hydro",
                "inter",
                "kine",
                "lumi",
                "maxi",
                "neo",
                "omni",
                "poly",
                "quanti",
                "robo",
                "sani",
                "tecno",
                "ultra",
                "vari",
                "vita",
                "xeno",
                "zeno",
                "alpha",
                "astra",
                "cemo",
                "dyna",
                "expo",
                "fero",
                "gama",
                "helio",
                "ikon",
                "juno",
                "kora",
                "lexa",
                "mira",
                "nexo",
                "orbi",
                "pira",
                "rada",
                "sola",
                "tera",
                "vela",
            ]
        )
        b = r.choice(
            [
                "cut",
                "soft",
                "plan",
                "tec",
                "log",
                "form",
                "san",
                "mat",
                "pack",
                "plast",
                "med",
                "dent",
                "lab",
                "net",
                "line",
                "tron",
                "dyn",
                "vis",
                "con",
                "gen",
                "cor",
                "mark",
                "type",
                "flow",
                "shift",
                "port",
                "gard",
                "lux",
                "ment",
                "nova",
                "bit",
                "byte",
                "link",
                "dat",
                "sys",
            ]
        )
        style = r.random()
        word = a + b
        if style < 0.35:
            return word.capitalize()
        if style < 0.55:
            return a.capitalize() + b.capitalize()
        if style < 0.65:
            return a.upper() + b
        if style < 0.75:
            return f"{a.capitalize()}-{b.capitalize()}"
        return (
            f"{word.capitalize()} {r.choice(['Systems', 'Labs', 'Solutions', 'Services', 'Partner', 'International', 'Werke', 'Digital', 'Concept', 'Team'])}"
            if style < 0.85
            else word.upper()
        )

    # -- places

    def street(self) -> str:
        return self.rng.choice(self._streets)

    def house(self) -> str:
        r = self.rng
        number = str(r.choice((r.randint(1, 30), r.randint(1, 250))))
        return number + r.choice(
            [""] * 9 + ["a", "b", " a", " c", "-" + str(int(number) + 2), " 1/2", "/3", "c"]
        )

    def postcode(self) -> str:
        r = self.rng
        return (
            r.choice([""] * 12 + ["D-", "D ", "DE-"]) + f"{r.randint(1067, 99998):05d}"
            if r.random() < 0.95
            else f"{r.choice(['A-', 'CH-', ''])}{r.randint(1000, 9900)}"
        )

    def town(self) -> str:
        return self.rng.choice(self._towns if self.rng.random() < 0.6 else self.lists["bigtown"])

    # -- numbers and times

    def digits(self, count: int) -> str:
        return "".join(self.rng.choices(string.digits, k=count))

    def date(self, first: int = 2015, last: int = 2027) -> str:
        r = self.rng
        day, month, year = r.randint(1, 28), r.randint(1, 12), r.randint(first, last)
        names = [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ]
        english = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ]
        return r.choice([
            f"{day:02d}.{month:02d}.{year}", f"{day:02d}.{month:02d}.{year}", f"{day}.{month}.{year}", f"{day}.{month}.{year % 100:02d}",
            f"{day}. {names[month - 1]} {year}", f"{year}-{month:02d}-{day:02d}", f"{day:02d}.{month:02d}.{year % 100:02d}",
            f"{day}. {names[month - 1][:3]}. {year}", f"{day:02d}/{month:02d}/{year}", f"{day:02d}. {month:02d}. {year}",
        ] if r.random() < 0.93 else [f"{english[month - 1]} {day}, {year}", f"{day} {english[month - 1]} {year}"])  # fmt: skip

    def short_date(self) -> str:
        r = self.rng
        return r.choice(
            [
                f"{r.randint(1, 28)}.{r.randint(1, 12)}.",
                f"{r.randint(1, 28):02d}.{r.randint(1, 12):02d}.",
                self.date(),
            ]
        )

    def money(self) -> str:
        r = self.rng
        amount = r.choice((r.uniform(1, 100), r.uniform(100, 9999), r.uniform(1e4, 9e5)))
        text = f"{amount:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
        return r.choice(
            [
                f"{text} €",
                f"{text} EUR",
                f"{int(amount)} €",
                f"{int(amount)} Euro",
                f"EUR {text}",
                f"€ {text}",
                text,
            ]
        )

    def phone(self) -> str:
        r = self.rng
        area = r.choice(
            [
                "030",
                "040",
                "089",
                "0221",
                "0711",
                "0341",
                "0621",
                "0351",
                "06131",
                "07031",
                "08141",
                "02241",
                "05251",
                "0" + self.digits(4),
            ]
        )
        mobile = r.choice(["0151", "0152", "0157", "0160", "0170", "0171", "0175", "0176", "0179"])
        number = self.digits(r.choice((5, 6, 7, 8)))
        return r.choice([
            f"{area} {number}", f"{area}/{number}", f"{area}-{number}", f"({area}) {number}", f"{area} / {number[:3]} {number[3:]}", f"+49 {area[1:]} {number}",
            f"{mobile} {self.digits(7)}", f"{mobile}/{self.digits(8)}", f"+49 {mobile[1:]} {self.digits(8)}", f"0049 {mobile[1:]} {self.digits(7)}", f"+49{mobile[1:]}{self.digits(8)}",
            f"{area} {number}-{self.digits(2)}", f"{mobile}-{self.digits(3)} {self.digits(2)} {self.digits(2)}", f"{mobile}{self.digits(8)}", f"+49 (0) {area[1:]} {number}-{self.digits(3)}",
        ])  # fmt: skip

    def code(self, pattern: str) -> str:
        """A made-up number: `9` a digit, `A` a capital, `X` either; the rest stands for itself."""
        r = self.rng
        pick = {"9": string.digits, "A": string.ascii_uppercase, "X": string.digits + "CFGHJKLMNPRTVWXYZ"}
        return "".join(r.choice(pick[char]) if char in pick else char for char in pattern)

    def ref(self) -> str:
        return self.code(self.rng.choice([
            "K-999999", "99999", "999999", "9999999", "KD99999", "KD-9999", "VTR-2099-99999", "V-99999999", "99 999 9999", "999 999 9999", "99/999/9999", "AA-99999", "A999999", "99-9999-99",
            "99 O 999/29", "9 C 99/29", "999 Js 99999/29", "9 Ca 999/29", "MREF-99999", "P99999", "0999999", "999-999-999", "M-9999-29", "1EMH0099999999", "DE0009999999999999999999999",
            "999.999.999-9", "2099/99999", "SN99999A", "LV-99999999-9", "99.9999.999999.99",
        ]))  # fmt: skip

    def login(self, person: Person) -> str:
        r = self.rng
        first, last = plain(person.first), plain(person.last)
        return r.choice(
            [
                f"{first[:1]}.{last}",
                f"{first}.{last}",
                f"{last}{first[:1]}",
                f"{first[:1]}{last}",
                f"{last}{self.digits(2)}",
                f"{first}{self.digits(2)}",
                f"{first[:2]}{last[:4]}",
                f"{last}_{first[:1]}",
                f"{first}_{last}",
                f"{last[:3]}{self.digits(3)}".upper(),
                f"{first[:1]}-{last}",
            ]
        )

    def email(self, person: Person, company: Company | None) -> str:
        r = self.rng
        first, last = plain(person.first), plain(person.last)
        host = r.choice(
            [
                "gmx.de",
                "web.de",
                "t-online.de",
                "gmail.com",
                "outlook.de",
                "posteo.de",
                "freenet.de",
                "yahoo.de",
                "icloud.com",
            ]
        )
        if company and r.random() < 0.8:
            host = (plain(company.short) or "firma") + r.choice(
                [".de", ".de", ".com", ".eu", "-gmbh.de", ".net", ".at"]
            )
        local = r.choice(
            [
                f"{first}.{last}",
                f"{first[:1]}.{last}",
                f"{last}",
                f"{first}_{last}",
                f"{first}{last}{self.digits(2)}",
                f"{first}-{last}",
                f"{last}.{first}",
                r.choice(["info", "kontakt", "buchhaltung", "office", "rechnung"]),
            ]
        )
        return f"{local}@{host}"


_PLAIN = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ş": "s",
        "ı": "i",
        "ğ": "g",
        "ç": "c",
        "ł": "l",
        "ø": "o",
        "đ": "d",
    }
)


def plain(name: str) -> str:
    """A name as it stands in mail addresses."""
    import unicodedata

    lower = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return re.sub(
        r"[^a-z0-9]+", "-", "".join(char for char in lower if not unicodedata.combining(char))
    ).strip("-")
