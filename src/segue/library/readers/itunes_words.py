"""How iTunes names its columns in other languages, in lower case -> English.

Nothing published lists them, so there may be others;
a column of another name is as if it were not there.
"""

_ENGLISH = ("name", "artist", "album", "time", "plays", "size", "year")
_LANGUAGES: tuple[tuple[str, ...], ...] = (
    # Several names for one column are parted by a stroke.
    ("name", "interpret|künstler|künstler:in", "album", "dauer", "wiedergaben|zähler", "größe", "jahr"),
    ("nom|titre", "artiste", "album", "durée", "lectures|écoutes", "taille", "année"),
    ("nombre|título", "artista", "álbum", "duración|tiempo", "reproducciones", "tamaño", "año"),
    (
        "nome|titolo",
        "artista",
        "album",
        "durata|tempo",
        "riproduzioni|ascolti",
        "dimensione|dimensioni",
        "anno",
    ),
    ("nome", "artista", "álbum", "duração|tempo", "reproduções", "tamanho", "ano"),
    ("naam", "artiest", "album", "duur|tijd", "keren afgespeeld|afspeelteller", "grootte", "jaar"),
    ("namn", "artist", "album", "tid|längd", "spelningar|antal uppspelningar", "storlek", "år"),
    (
        "navn",
        "kunstner|artist",
        "album",
        "tid|varighed|varighet",
        "afspilninger|avspillinger",
        "størrelse",
        "år",
    ),
    ("nimi", "esittäjä|artisti", "albumi", "kesto|aika", "toistot|toistokerrat", "koko", "vuosi"),
    ("nazwa", "wykonawca|artysta", "album", "czas", "odtworzenia|odtworzeń", "wielkość|rozmiar", "rok"),
    (
        "название|имя",
        "артист|исполнитель",
        "альбом",
        "время|длительность",
        "прослушивания|воспроизведения",
        "размер",
        "год",
    ),
    ("名前|曲名", "アーティスト", "アルバム", "時間", "再生回数", "サイズ", "年"),
    ("名称|名稱", "艺人|演出者|表演者", "专辑|專輯", "时间|時間", "播放次数|播放次數", "大小", "年份"),
)
COLUMNS: dict[str, str] = {
    **{
        name: ours
        for language in _LANGUAGES
        for ours, theirs in zip(_ENGLISH, language, strict=True)
        for name in theirs.split("|")
    },
    "play count": "plays",
}
