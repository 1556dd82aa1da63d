"""Words by which a season is told: in titles, on records (albums and artists), and in playlists' titles.

Whole phrases where a word alone would hit ordinary songs: "Santa Monica", "Frosty", "Silver", "December",
"Natal", "New Year's Day". Patterns have no look-around, so that a fast engine can sift with them too.
"""

from __future__ import annotations

from typing import NamedTuple

# Each is enough wherever it stands.
_CHRISTMAS = (
    r"chr?ist?mas|\bx-?mas\b|\bno[eë]l[s]? (?:blanc|nouvelet|russe)"
    r"|\bjoyeux no[eë]l|\b(?:de|du|à|est) noël|\bnoël\b|\bpère no[eë]l|\bpetit papa no[eë]l|\b(?:first"
    r"|1st) no[eëöw]w?e?ll?\b"
    r"|navidad|navideñ[oa]s?|\bnochebuena\b|\bvillancicos?\b|\breyes magos\b|\bnoche de paz\b"
    r"|\bsanta la noche\b"
    r"|\bpeces en el r[ií]o\b|\bcampana sobre campana\b|\btamborilero\b|\bburrito (?:sabanero|de bel[eé]n)"
    r"|\bhacia bel[eé]n\b|\brodolfo el reno\b|\bel reno\b|\bbon nadal\b|\bfum,? fum,? fum\b"
    r"|\bnoi de la mare\b|\bolentzero\b"
    r"|\bfeliz natal\b|\bnoite feliz\b|\bpapai noel\b|\b(?:de|do|no|neste|é) natal\b|\bnatal (?:branco"
    r"|chegou|feliz)"
    r"|\bent[aã]o é natal|\bsino de bel[eé]m|\bbate o sino"
    r"|\bbuon natale\b|\bbianco natale?\b|\b(?:a|di|è|il|questo) natale\b|\bnatalizi[ae]?\b"
    r"|\btu scendi dalle stelle"
    r"|\bbabbo natale\b|\bastro del ciel\b|\bbianco natal\b"
    r"|weihnacht|\bstille nacht\b|\bo,? du fröhliche|\boh?,? tannenbaum|\bleise rieselt der schnee"
    r"|\bschneeflöckchen"
    r"|\bkling,? glöckchen|\bihr kinderlein,? kommet|\balle jahre wieder|\blasst uns froh und munter"
    r"|\bein ros entsprungen|\bsüßer die glocken|\bmorgen,? kinder,? wird|\badvents(?:zeit|kalender|lied)"
    r"|\bkerst(?:mis|fest|feest|lied|liedjes|liederen|hits?|nummers?|dag|dagen|man|tijd|avond)?\b"
    r"|\bsinterklaas|\bo dennenboom"
    r"|\bgod jul\b|\bgl[aæ]deli[gk] jul|\bgledelig jul|\b(?:hvid|vit|glade|snart|nu är det|nå er det"
    r"|en stjärnas) jul\b"
    r"|\bjul(?:en|tid|afton|visa|natt|ljus|låt(?:ar)?|sång(?:er)?|sange?n?|klapp(?:ar)?|etid|esanger?"
    r"|eaften|enatt|enisse[nr]?"
    r"|estemning|ekveld|etre(?:et)?|eglede|hits|igen|musik|favoriter)\b|\bstilla natt\b|\bhelga natt\b"
    r"|\btomtefar\b"
    r"|\bdeilig er jorden|\bsankta lucia\b|\bnu tändas tusen"
    r"|\bjoulu|\bjól(?:in|a\w+)\b|\bgleðileg jól|\bnadolig\b|\bnollaig\b"
    r"|\bkolęd|\bpastorałk|\bcicha noc\b|\bboże narodzenie|\bwigili|\blulajże,? jezuniu|\bbóg się rodzi"
    r"|\bwśród nocnej ciszy"
    r"|\bświąteczn|\bwesołych świąt|\bvánoc|\bvánoč|\bvianoc|\bvianoč|\btich[áa] noc\b|\bkoled[yaou]?\b"
    r"|\bnarodil se kristus"
    r"|\bkarácsony|\bmennyből az angyal|\bcsendes éj|\bcrăciun|\bcolind[eăa]\w*|\bo,? brad frumos"
    r"|\bboži[ćč]|\btiha no[ćč]|\bsveta no[ćč]|\bzvončići"
    r"|рождеств|\bтихая ночь|різдв|\bщедрик|\bколядк|\bтиха ніч|\bколеда\b|\bколедн|\bбожић|\bтиха ноћ"
    r"|χριστούγενν|χριστουγεννι|κάλαντα|άγια νύχτα|عيد الميلاد المجيد|ليلة الميلاد"
    r"|\bmalam kudus|\bselamat (?:hari )?natal|\blagu natal|\bpasko\b|\bpaskong\b|\bgiáng sinh|\bđêm thánh"
    r"|クリスマス|サンタクロース|サンタが町|きよしこの夜|聖夜|ジングル・?ベル|赤鼻のトナカイ"
    r"|圣诞|聖誕|平安夜|铃儿响叮当|크리스마스|성탄|산타클로스|산타 할아버지|징글벨|고요한 밤"
    r"|\bha?nuk?kah?\b|\bch?anuk?kah?\b|\bdreidel\b|\bkwanzaa\b|חנוכה"
)
_CHRISTMAS_TITLES = (
    r"\bjingle(?:,? jingle)*,? bells?\b|\bjingle all the way|\bjingle bell|\bsanta(?:'s|’s)? claus"
    r"|\bsanta baby|\bsanta tell me"
    r"|\b(?:dear|hey|oh|ole|ho ho|secret|naughty|must be|did|back door|song for|hello|here comes|bad"
    r"|waiting for|thank you|believe in),? santa\b"
    r"|\bsanta (?:bring|stole|claws|can you|won(?:'|’)t|looked|drive|please|is (?:coming|real|back)"
    r"|hooked|came|buddy|let me|i(?:'|’)ve been|don(?:'|’)t)"
    r"|\bsanta(?:'|’)s (?:beard|comin|coming|lap|elves|gonna|sleigh|helper|little|on his|bag|song|got"
    r"|big|party|waltz|list)|\bsanta(?:'|’)?s elves"
    r"|\bsleigh(?:ride| ride| ?bells?|in(?:'|g)?)?\b|\bmistletoe\b|\bsilent night\b"
    r"|\bholy night\b|\bwinter wonderland\b|\blet it snow\b"
    r"|\brudolph?\b.{0,12}\bred.?nose|\brun,? rudolph|\brudolph\b|\bred.?nosed reindeer"
    r"|\bfrosty,? the\b|\bmr\.? frosty man"
    r"|\b(?:little|the) ?drummer boy|\bdeck (?:the|them) halls?\b|\bdeck the rooftop"
    r"|\bjoy to the world\b|\bhark,?!? the herald|\boh? come,? all ye|\boh? come,? (?:oh? come|emm?anuel)"
    r"|\badeste fideles|\bveni,? veni,? emmanuel|\baway in (?:a|the) manger"
    r"|\bgod rest (?:ye|you),? merry|\bwe three kings|\bwhat child is this|\bangels we have heard"
    r"|\bcame upon (?:a|the) midnight"
    r"|\bgood king wenceslas|\b(?:twelve|12) days of|\bcarol of the (?:bells|birds)"
    r"|\bding\W{1,3}dong\W{1,3}merrily|\blittle town of bethlehem"
    r"|\bi saw three ships|\bbleak mid.?winter|\bcoventry carol|\broyal david(?:'|’)?s city"
    r"|\bholly (?:and|&) the ivy|\bhere we come a.{1,2}(?:carol|wassail)"
    r"|\bwassail|\bcarol?ing,? carol|\bgo,? tell it on the mountain|\bdo you hear what i hear"
    r"|\bmary,? did you know|\bchestnuts roasting"
    r"|\bmost wonderful (?:time|day) of the year|\bholly,? jolly|\bi saw mommy kissing"
    r"|\bgrandma got r[ua]n over"
    r"|\bmean one,? mr|\b(?:the|mr\.?) grinch\b|\bbaby,? it(?:'|’)?s cold outside"
    r"|\bup on the house ?top|\bmarshmallow world|\bsuzy snowflake|\bjack frost,? get lost"
    r"|\bsilver bells\b|\bmele kalikimaka|\blittle saint nick|\bjolly old (?:saint|st)"
    r"|\bdominick the donkey|\bnuttin(?:'|g)? for|\bpretty paper\b"
    r"|\bmary(?:'|’)?s boy child|\bhow a rose e(?:'|’)?er bloom|\bstill,? still,? still\b"
    r"|\bbring a torch,? jean|\bpat.?a.?pan\b|\bin dulci jubilo"
    r"|\bcool yule|\byule(?:tide)?\b|\b(?:tis|’tis) the season|\b(?:home for|merry|happy|it(?:'"
    r"|’)s) the? ?holidays?\b|\bhappy holidays?\b|\bholiday season\b"
    r"|\bfairy ?tale of new york|\bunderneath the tree\b|\bmy only wish|\bcold december night"
    r"|\blittle altar boy|\bpolar express\b"
    r"|\bbeginning to look a lot like|\bmrs?\.? (?:santa|claus)\b|\bman with the bag"
    r"|\bfa la la(?: la)*\b|\bshchedryk"
    r"|\bstop the cavalry\b|\bwalking in the air\b|\bwhen a child is born|\b(?:star|wexford|sussex"
    r"|zither) carol\b|\bdashing through the snow"
    r"|\bil est né,? le divin|\bbreath of heaven\b|\breindeer boogie|\bold toy trains|\bthe merriest\b"
    r"|\barre borriquito|\bla marimorena|\bchiquirrit[ií]n"
    r"|\bpaseo en trineo|\bherbei,? oh? ihr gl|\bsanta (?:must|has|never|ain(?:'|’)t|isn(?:'|’)t|is|was"
    r"|will|knows|wants|gets|comes|medley)\b|\b(?:me|longer|ain(?:'|’)t no),? santa$"
    r"|в лесу родилась|дед(?:ушка)? мороз"
)
_CHRISTMAS_ALBUMS = (
    r"\bsanta claus\b|\bjingle bells?\b|\bsilent night\b|\bholy night\b|\bmistletoe\b"
    r"|\bwinter wonderland\b|\blet it snow\b|\bdeck the halls\b"
    r"|\bholiday (?:songs?|hits|classics?|album|favorites|favourites|collection|season|spirit|wishes|ep"
    r"|party|sounds|greetings|fun)\b"
    r"|\b(?:happy|home for the|for the|the) holidays\b|\bcarols?\b.{0,12}\b(?:king|singers|album|choir"
    r"|classics)|\byule(?:tide)?\b|\bpolar express\b"
    r"|\brudolph the|\bfrosty the|\bhow the grinch"
)
_CHRISTMAS_PLAYLISTS = (
    r"\blitmas\b|\bmerry chrysler|\bsanta\b.{0,3}(?:claus|baby)|\bjingle|\bcarols\b|\blet it snow\b"
    r"|\bwinter wonderland\b|\bmistletoe\b|\bsleigh\b"
    r"|\bholidays? (?:songs?|music|cheer|tunes|jams|party|spirit|season|hits|favou?rites|playlist|mix"
    r"|classics|vibes|bops)\b|\bhappy holidays?\b"
    r"|\bfeliz natal\b|\bnatal\b|\bnatale\b|\bnoel\b|\bjul(?:e|en)?(?:musik|musikk|sanger?|sånger)?\b"
    r"|\btis the season\b|\bkoled"
)
# "Halloween" alone is a song of the Misfits, of Dead Kennedys and of many more.
_HALLOWEEN = (
    r"\b(?:this is|happy|on|de|noche de|every|feliz) hallowe(?:'|’)?en"
    r"|\bhallowe(?:'|’)?en(?:'|’)?s? (?:theme|party|parade|songs?|night|spooks|main|medley|hits|music"
    r"|eve|favorites|sounds|classics)\b"
    r"|\b(?:theme|title)\b.{0,12}\bhallowe(?:'|’)?en|\bdía de (?:los )?muertos\b"
    r"|ハロウィン|万圣节|萬聖節|할로윈"
    r"|х[эе]лл?оуин"
)
_HALLOWEEN_TITLES = (
    r"\bmonster mash\b|\bspooky,? scary skeletons?|\btrick or treat,? smell|\bgrim grinning ghosts"
    r"|\bgreat pumpkin\b"
)
# "New Year's Day" is U2's, "Chinese New Year" one of SALES.
_NEW_YEAR = (
    r"\bauld lang syne|\bhappy new year\b|\bwhat are you doing new year|\bfeliz a[ñn]o\b"
    r"|\ba[ñn]o viejo\b|\bcinco pa(?:'|’)? ?las (?:12|doce)\b|\bpr[oó]spero a[ñn]o\b"
    r"|\ba[ñn]o nuevo\b|\bfeliz ano novo\b|\bbonne année\b|\bbuon anno\b|\bguten rutsch\b"
    r"|\bgelukkig nieuwjaar"
    r"|\bgott nytt år\b|\bgodt nytt? år\b|\bgodt nytår\b|\bszczęśliwego nowego|\bс новым годом|новогодн"
    r"|\bновый год\b"
    r"|\bз новим роком|\byeni yıl\b|あけまして|お正月|καλή χρονιά"
)
_LUNAR = (
    r"\b(?:happy (?:chinese|lunar)|lunar) new year|\bgong xi(?: gong xi| fa cai)|\bgong hei fat choy"
    r"|恭喜[恭發发]"
    r"|贺新年|賀新年|新年好|新年快[乐樂]|过新年|過新年"
    r"|迎春花|大地回春|财神到|財神到|설날|\btết\b|\bxuân (?:này|đã về|về)"
)
_EASTER = (
    r"\beaster (?:bunny|parade|hymns?|songs?|music)\b|\bhappy easter\b|\bpeter cottontail"
    r"|\bchrist the lord is risen"
    r"|\bosterhase|\bosterlieder|\bfrohe ostern|\bjoyeuses pâques|\bfelices pascuas|\bbuona pasqua"
    r"|\bfeliz páscoa"
    r"|\bvrolijk pasen|\bхристос воскрес"
)
_CHRISTMAS_ARTISTS = (  # "Michael Christmas" and "Magali Noël" are people
    r"(?:christmas|xmas|holiday|santa) ?(?:songs?|music|hits|carols?|piano|jazz|choir|party|all.?stars"
    r"|band|orchestra|ensemble|players"
    r"|singers|classics|eve\b|lights|lounge|guitar|favou?rites|kids|village|spirit)|^(?:the )?christmas$"
    r"|\b(?:merry|classic|best|traditional|white) (?:christmas|xmas)|weihnachts|\bvillancicos\b|navideñ"
    r"|\bde navidad\b|\bde no[eë]l\b"
    r"|クリスマス|^the grinch$|^santa claus$|^mrs?\.? claus$|\bcarol singers\b|\bnoel consort\b"
)


class Words(NamedTuple):
    """Patterns of one season; an empty one says nothing."""

    anywhere: str  # in titles and albums' names, and in playlists' titles where `playlists` says more
    titles: str = ""
    albums: str = ""
    artists: str = ""
    playlists: str = ""


# By the names in `seasons.SEASONS`. Other seasons' playlists hold what fits a party: ordinary songs.
WORDS = {
    "Christmas": Words(
        _CHRISTMAS, _CHRISTMAS_TITLES, _CHRISTMAS_ALBUMS, _CHRISTMAS_ARTISTS, _CHRISTMAS_PLAYLISTS
    ),
    "Halloween": Words(_HALLOWEEN, _HALLOWEEN_TITLES),
    "New Year": Words(_NEW_YEAR),
    "Lunar New Year": Words(_LUNAR),
    "Easter": Words(_EASTER),
}
# What is of no season, whatever its words: film themes, band and singers' names, a hit of the 1970s.
NEVER = (
    r"merry christmas,? mr|silent night,? bodom"
    r""
)
NEVER_BY = {r"\bjoy to the world\b": ("three dog night", "hoyt axton")}
