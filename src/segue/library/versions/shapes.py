"""The open shapes of a version: "Live at ...", "X Remix", "2009 Remaster", "Originally Performed by X"."""

from __future__ import annotations

import re

YEAR = r"(?:19|20)\d\d"
LIST = re.compile(r"\s*[/;|,]\s*|\s+-\s+")
SPOKEN = re.compile(r"\b(?:commentary|interview|track by track|storytelling|spoken)\b")
SPLIT = re.compile(
    r"\s*(?:,|;|&|\+|\band\b|\by\b|\be\b|\bx\b|\bvs\.?|\bund\b|\bet\b|\bи\b|/)\s*", re.IGNORECASE
)
FEAT = re.compile(
    r"^(?:(?:feat|ft)\.(?=\w)|[fw]/(?=\w)|(?:feat(?:uring|\.)?|ft\.?|f/|w/"
    r"|con la participaci[oó]n de|part(?:icipaç[aã]o)?\.?(?: especial| esp\.?)?(?: de)?"
    r"|duet with|duetto con|dueto con|with special guest|special guest|avec|при участии|при уч\.?"
    r"|уч\.)\s+)(?!\d+$)(.+)$",
    re.IGNORECASE,
)
WITH = re.compile(r"^(with|con|mit|com)\s+(.+)$", re.IGNORECASE)
PART_NUMBER = re.compile(r"^(?:[ivx]+|\d+|one|two|three|uno|dos|um|dois)\b", re.IGNORECASE)
LIVE_OPEN = re.compile(
    r"^(?:recorded |filmed |original |acoustic |unplugged |stripped |ep |album |bonus |new |video )*"
    r"live(?: (?:acoustic|version|session|sessions|performance|recording|recorded|video|bonus track"
    r"|solo|medley"
    r"|album version|in studio|edit|unplugged|lounge|mix|audio|remaster|remastered|stripped))*"
    r"(?: at | from | @ |@| in | on | bei | aus | im | no | na | en | a | du | au | w | v | \d| feat | radio "
    r"| mtv | bbc | kexp | itunes | tour| world tour| lounge| unplugged| medley| and | with (?:the "
    r"|\w+ )*(?:orchestra|"
    r"symphony|strings|choir|philharmonic))"
)
LIVE_NOT = re.compile(
    r"^live (?:in (?:the )?(?:moment|harmony|peace|love|my|your|me|you|fear|a |light|sin|present|now"
    r"|dreams?|past|shame)\b"
    r"|on (?:my|your|and on|forever|in me|the edge|the wire)|a (?:lie|little|life)|and (?:let|learn"
    r"|die|love|be)"
    r"|from (?:the heart|now)|no (?:more|lies)|at (?:peace|ease)|for\b|\d+ (?:ever|life))"
)
LIVE_OTHER = re.compile(
    r"^(?:(?:en|ao|in) (?:vivo|direct|directo|concert|concierto)|dal vivo|en concert|unplugged"
    r"|mtv unplugged|acustico mtv"
    r"|vivo|directo|primera fila|recorded (?:live )?(?:at|in|from)|recorded live|audiotree"
    r"|spotify (?:singles?|sessions?|live)"
    r"|bbc|kexp|(?:the )?(?:john )?peel session|daytrotter|itunes (?:session|festival|live)"
    r"|aol session|live:|"
    r"npr|kcrw|radio 1|live lounge|triple j|like a version|vh1|storytellers?$|storyteller version"
    r"|napster live|yahoo live|vevo (?:live|dscvr)|vevo presents|"
    r"the voice performance|american idol|x factor|glastonbury|"
    r"recorded at spotify|stripped live|concert (?:version|at|in)|the late show|saturday night live"
    r"|ed sullivan"
    r"|from (?:the )?(?:live|concert|unplugged)|na zywo|zive|live)\b"
)
LIVE_CLOSE = re.compile(
    rf"^(?:(?:{YEAR}|acoustic|acustico|unplugged|mtv|bbc|kexp|itunes|festival|session|sessions"
    rf"|radio|studio|version|tour"
    r"|remaster|remastered|in|at|the|on|bonus|track|demo|instrumental|medley|dvd|cd|solo|world|usa"
    r"|uk|spotify|edit|jam"
    r"|full|band|mix|previously|unreleased|recorded|mono|stereo|encore|performed|recording|official"
    r"|video) )+live"
    r"(?: version| session| performance| recording| remastered| remaster| edit| mix| video)*$"
)
LIVE_VERSION = re.compile(
    r"\blive (?:version|session|performance|recording|album version|edit|mix|acoustic version)$"
    r"|^live \S+ version$"
)
DATE = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t"
    r"|tember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?) (?:\d{1,2}(?:st|nd|rd|th)? )?(?:19|20)\d\d$|\b\d{1,2} \d{1,2} (?:(?:19|20)\d\d|\d\d)\b"
)
VENUE = re.compile(
    r"\b(?:arena|stadium|festival|hall|theat(?:re|er)|auditorium|ballroom|fillmore|club|opera house"
    r"|coliseum|amphitheat(?:re|er)"
    r"|church|cathedral|tour|session|sessions|studio|studios|red rocks|wembley)\b.*\b(?:" + YEAR + r")$"
)
REMASTER = re.compile(
    rf"^(?:{YEAR} |new |20 bit |24 bit |the |digital |digitally |mono |stereo |full |original "
    rf"|album |single |version "
    rf"|mix |demo |in |us |uk |edit |\d\d\d? ?bit |\d+k?hz |abbey road |half speed |hi res "
    rf"|take \d+ |\d+th anniversary )*"
    rf"(?:re ?master(?:ed|ing|s)?|remasterizad[oa]|digital master|digitally remastered|remasterise"
    rf"|rimasterizzato)"
    rf"(?: (?:version|versao|edition|album|single|mono|stereo|mix|in|{YEAR}|audio|recording|lp|edit"
    rf"|original|digital|and|"
    rf"by .+|from .+|at .+|for .+|hd|\d+))*$"
    rf"|^.* re ?master(?:ed)?(?: version| edition)?(?: {YEAR})?$"
)
ANNIVERSARY = re.compile(
    rf"^(?:the )?(?:\d+(?:st|nd|rd|th)? |{YEAR} )?anniversary (?:edition|version|mix"
    rf"|remaster(?:ed)?|reissue|deluxe|release)?.*$"
)
YEAR_MIX = re.compile(rf"^(?:{YEAR} (?:new )?(?:stereo |mono )?(?:mix|remix)|(?:re ?mix|mix|remix) {YEAR})$")
YEAR_VERSION = re.compile(
    rf"^(?:{YEAR} (?:version|versao|recording|re ?recording|edition|ver)|(?:version|ver) {YEAR}"
    rf"|new {YEAR} version)$"
)
NUMBERED = re.compile(
    r"^(?:(?:alternate |alternative |alt |master |first |early |studio |original |complete )*take"
    r"|outtake|version|ver|v|mix|alternate|alt) ?(?:no |number )?\d+(?:[a-z]|(?: |/)?(?:and )?\d*)?$"
)
NUMBERED_KIND = re.compile(r"^(demo|remix|live|acoustic|instrumental|edit|dub|cover) ?(?:no |number |v)?\d+$")
ENDINGS = {
    "demo": "demo",
    "demos": "demo",
    "instrumental": "instrumental",
    "acapella": "a cappella",
    "session": "live",
    "sessions": "live",
    "performance": "live",
    "acoustic": "acoustic",
    "unplugged": "acoustic",
    "karaoke": "karaoke",
    "outtake": "alternate",
    "rehearsal": "alternate",
    "rehearsals": "alternate",
    "live": "live",
}
ENDING = re.compile(rf"^(.+) ({'|'.join(ENDINGS)})(?: \d+)?$")
BEGINNING = re.compile(
    r"^(acoustic|demo|unplugged|acustico|instrumental)(?: version| session)? (?:from|at|in|en|on|by"
    r"|for|live) .+$"
)
LONGER = re.compile(
    r"^(?:the )?\d+ ?(?:min|mins|minute|minutes) (?:version|mix|edit|loop)$|^(?:\d+|one|two"
    r"|ten) hours?(?: version| loop| mix)?$"
)
REMIX_END = re.compile(
    r"^(?:the |dj )?(.*?)\b ?(?:re ?mix(?:ed)?|rmx|refix|re ?work(?:ed)?|bootleg|flip|re ?edit"
    r"|vip(?: mix| remix| edit)?|dub(?: mix| version)?|"
    r"re ?rub|re ?fix|re ?vision|re ?touch|re ?interpretation|re ?construct(?:ion|ed)?|treatment"
    r"|(?:club|house|dub|vocal|dance|"
    r"original club|anthem|festival|hardstyle|trance|techno|deep|trap|chill|night|sunset|summer|epic"
    r"|big room|garage|disco|"
    r"bass|chillout|lounge|dubstep|drum and bass|dnb|extended|radio|12|7|rock|piano|special|peak"
    r"|trip|jungle|rave|"
    r"workout|cardio|progressive|uplifting|rave|acid|ambient|instrumental) mix)"
    r"(?: (?:radio edit|radio|edit|edited|extended|version|extended version|mix|instrumental"
    r"|club mix|radio mix|cut|main|clean|explicit|"
    rf"short|short edit|long|dub|vocal|acapella|mixed|single edit|vip|{YEAR}|\d|remastered"
    rf"|video edit|single version|ver))*$"
)
REMIX_BY = re.compile(
    r"^(?:re ?mix(?:ed)?|rmx|rework(?:ed)?|edit(?:ed)?|flip(?:ped)?|dub|mix(?:ed)?) by (.+)$"
)
REMIX_START = re.compile(r"^(?:re ?mix|rmx)\b(?: (?:feat|ft|featuring|with) (.+)|.*)$")
MIX_END = re.compile(r"^(.+?) (?:mix|edit)(?: edit| radio edit| version| \d| cut)?$")
TWELVE_INCH = re.compile(r"^12 (?:inch )?.*(?:mix|version|remix|edit)$")
VERSUS = re.compile(r"^(.+) vs (.+)$")
NOT_A_MIX = re.compile(
    r"(?:^| )(?:in the|in a|into the|bad|perfect|trail|right|love|good|cake) (?:mix|edit)$"
)
VERSION_END = re.compile(
    r"^(.+) (?:version|versao|ver|vers|versione|версия|rendition|バージョン|ヴァージョン|버전)(?: \d+| edit"
    r"| radio edit| remastered| feat .+| live)?$"
)
VERSION_START = re.compile(r"^(?:version|versao|versione|версия) (.+)$")
VERSION_CJK = re.compile(r"^(.+?)(?:版|バージョン|ヴァージョン|ver)$")
COVER_OF = re.compile(
    r"^(?:(?:as )?(?:originally|first) (?:performed|recorded|sung|made famous|by)(?: by)?|(?:as "
    r"|has )?made (?:famous|popular) by"
    r"|(?:in|to) the style of|(?:a |an |the )?(?:\w+ )?tribute to|a la maniere de|al estilo de"
    r"|(?:acoustic |piano |live |metal )?cover(?:ed)? (?:of|de|from)"
    r"|(?:a |an )?(?:\w+ )?cover (?:of|version of)|(?:a )?(?:karaoke"
    r"|instrumental) (?:version )?(?:originally|of|made|as made|in the style of|tribute to)"
    r"(?: (?:performed|popularized|made famous|famous))?(?: by)?|tribute|no estilo de|в стиле"
    r"|as (?:performed|sung) by|popularized by"
    r"|(?:the )?(?:music|songs?) of|homage to|homenaje a|originally by|original by|estilo|kantata de)\s+(.+)$"
)
COVER_BY_NAME = re.compile(
    r"^(.+?) (?:acoustic |piano |live |metal |rock |punk |guitar |violin |cello |orchestral "
    r"|instrumental |ukulele |jazz )*"
    r"(?:cover(?: version| song)?|tribute(?: version)?|karaoke(?: version)?|кавер|カバー|커버)$"
)
NOT_A_COVER = re.compile(
    r"(?:^| )(?:for|take|under|my|your|duck and|the|to|and|no|a|of|run) cover$|^(?:dis|un|re)cover$"
)
KARAOKE = re.compile(
    r"karaoke|караоке|カラオケ|노래방|backing track|backing vocals|background vocals|lead vocal|minus one"
    r"|sing ?along version"
)
FROM = re.compile(
    r"^(?:(?:as )?(?:featured |heard |used |seen |taken )?(?:from|in|on)|music from|song from"
    r"|(?:(?:love|main|end|opening|original) )?(?:theme|title|title song|themes|suite) from|inspired by"
    r"|aus|de la pelicula|del film"
    r"|da novela|из фильма|из к ф|из мультфильма|из|tema de|banda sonora|de la serie|bande originale"
    r"|extrait de|dal film|trilha sonora)\b"
)
FROM_WORK = re.compile(
    r"soundtrack|motion picture|\bscore\b|\bfilm\b|\bmovie\b|original cast|cast recording|broadway"
    r"|musical|\bseries\b|\bgame\b|\bost\b|"
    r"\balbum\b|television|\btv\b|pelicula|фильм|anime|netflix|disney|trilogy|\bseason\b|\bsaga\b"
    r"|\bvault\b|novela|colonna sonora|"
    r"\bdlc\b|trailer|motion|commercial|\bsessions?\b|universal|\bserie\b|telenovela|opera\b|ballet"
)
SOUNDTRACK = re.compile(
    r"(?:^|.* )(?:soundtrack(?: version| single| mix| edit)?"
    r"|original (?:motion picture )?(?:soundtrack|score)|motion picture (?:soundtrack|score)"
    r"|(?:original )?(?:\w+ )?(?:broadway|london|west end|off broadway|australian|film|movie"
    r"|studio)? ?cast recording(?: \d+)?|ost|original soundtrack|"
    r"original television soundtrack|original game soundtrack)$"
)
PRODUCED = re.compile(
    r"^(?:prod(?:uced)?|produced and mixed|arr(?:anged)?(?: for .+)?|orch(?:estrated)?"
    r"|transcr(?:ibed)?|comp) (?:by )?.+$"
)
ARRANGED = re.compile(r"^(?:(?:arr(?:anged)?|orch(?:estrated)?|transcr(?:ibed)?)\b.*)$")
SHOW = re.compile(
    r"^(?:asot|abgt|gdjb|a state of trance|group therapy|trance nation|future favorite|tune of the week)\b.*$"
)
REISSUE = re.compile(
    rf"^(?:{YEAR} |\d\d )?(?:\w+ )?(?:re ?issue|re ?release|re ?press(?:ing)?|pressing|bonus disc)"
    rf"(?: {YEAR}| \d\d)?$"
)
INTRO = re.compile(
    r"^(?:with(?:out)?|no|incl(?:uding|udes)?) (?:the )?(?:spoken |long |short |extended )*"
    r"(?:intro|outro|introduction)$"
)
TAPE = re.compile(
    r"^(?:.+ )?(?:deluxe|expanded|special|limited|collectors?|super deluxe|bonus|tour|legacy"
    r"|platinum|japanese|international) (?:edition|version|track|tracks)(?: bonus track)?$"
)
IN_VERSION = (
    ("acoustic", "acoustic|unplugged|stripped|acustic[ao]|acoustique|akustik|акустическая|acustica"),
    ("live", r"live|en vivo|ao vivo|concert|session|unplugged|концертная"),
    ("karaoke", "karaoke"),
    ("instrumental", r"instrumental|инструментальная|instrumentale|strumentale"),
    ("demo", "demo"),
    ("sped up", "sped up|nightcore|speed up"),
    ("slowed + reverb", "slowed|slow reverb|chopped"),
    ("extended", r"extended|long|full length|12|\d+ min(?:ute)?s?"),
    ("radio edit", r"radio|edit|edited|tv|short|airplay"),
    ("single version", "single|7|45"),
    ("remaster", "remaster(?:ed)?"),
    ("mono", "mono"),
    ("clean", "clean|amended"),
    ("acoustic", "piano|guitar|campfire|ukulele"),
    (
        "language",
        "spanish|english|french|german|italian|japanese|korean|chinese|mandarin|portuguese|russian"
        "|hindi|espanol|francaise|"
        "deutsche|italiana|portugues|ingles|spanglish|arabic|turkish|cantonese|polish|hebrew|swedish"
        "|dutch|tamil|telugu|romanian|greek|finnish|norwegian|danish|czech|hungarian|thai|vietnamese|filipino"
        "|tagalog|indonesian|ukrainian|punjabi|catalan|basque|urdu|persian|farsi|brazilian|latin|native",
    ),
    (
        "arrangement",
        r"orchestral?|symphonic|strings?|quartet|choir|gospel|big band|swing|jazz|bossa|reggae|salsa"
        r"|banda|brass",
    ),
    ("cover", "cast|lullaby|cover|tribute"),
    ("remix", r"remix|club|dance|dub|house|trap|dubstep|edm|techno"),
    ("alternate", "alternate|alternative|early|original demo|rough|outtake"),
    ("re-recorded", rf"new|re ?recorded|\w+s own|{YEAR}"),
)
IN_VERSION_SHAPES = tuple((kind, re.compile(rf"\b(?:{words_})\b")) for kind, words_ in IN_VERSION)
