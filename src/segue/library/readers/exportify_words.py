"""How Exportify names the columns of Spotify's playlists in other languages -> English.

Exportify writes its tables in the language of its page; these are the words of its fifteen translations.
"""

_ENGLISH = (
    "track_uri",
    "track_name",
    "artist_name_s",
    "album_name",
    "album_release_date",
    "track_duration_ms",
    "explicit",
    "popularity",
    "added_at",
)
# One line a language, in the order above.
_LANGUAGES = """
Track-URI|Track-Name|Künstlername(n)|Album-Name|Veröffentlichungsdatum des Albums|Track-Dauer (ms)|Explizit|Beliebtheit|Hinzugefügt am
URI du titre|Nom du titre|Nom(s) de l'artiste|Nom de l'album|Date de sortie de l'album|Durée du titre (ms)|Explicite|Popularité|Ajouté le
URI de la canción|Nombre de la canción|Nombre(s) del artista|Nombre del álbum|Fecha de lanzamiento del álbum|Duración de la canción (ms)|Explícito|Popularidad|Añadido en
URI della traccia|Nome della traccia|Nome dell'artista|Nome dell'album|Data di rilascio dell'album|Durata della traccia (ms)|Esplicito|Popolarità|Aggiunto il
Nummer URI|Nummernaam|Naam van artiest|Naam van album|Releasedatum van het album|Nummerduur (ms)|Expliciet|Populariteit|Toegevoegd op
URI da faixa|Nome da faixa|Nome(s) do artista|Nome do álbum|Data de lançamento do álbum|Duração da faixa (ms)|Explícita|Popularidade|Adicionado em
Låtens URI|Låtens namn|Artistens namn|Albumets namn|Albumets releasedatum|Låtlängd (ms)|Explicit|Popularitet|Tillagd vid
トラックURI|トラック名|アーティスト名|アルバム名|アルバム発売日|トラックの長さ（ミリ秒）|明示的な内容|人気度|追加日時
Parça URI|Parça Adı|Sanatçı Adı|Albüm Adı|Albüm Çıkış Tarihi|Parça Süresi (ms)|Açık İçerik|Popülerlik|Eklenme Tarihi
URI κομματιού|Όνομα κομματιού|Όνομα/τα καλλιτέχνη|Όνομα άλμπουμ|Ημερομηνία κυκλοφορίας άλμπουμ|Διάρκεια κομματιού (ms)|Ακατάλληλο|Δημοτικότητα|Προστέθηκε στις
رابط الأغنية (URI)|اسم الأغنية|أسماء الفنانين|اسم الألبوم|تاريخ إصدار الألبوم|مدة الأغنية (بالمللي ثانية)|صريح|الشعبية|أضيف في
曲目 URI|曲目名称|艺人名称|专辑名称|专辑发行日期|曲目时长（毫秒）|含露骨内容|热度|添加时间
曲目 URI|曲目名稱|藝人名稱|專輯名稱|專輯發行日期|曲目長度（毫秒）|含露骨內容|熱門度|新增時間
歌 Link|歌名|Artist 名|專輯名|專輯發行日|曲目時長（毫秒）|家長指引|熱門度|加入時間
"""  # noqa: E501 - a table
WORDS: dict[str, str] = {
    theirs.lower(): ours
    for line in _LANGUAGES.strip().splitlines()
    for ours, theirs in zip(_ENGLISH, line.split("|"), strict=True)
}
