"""How people name the columns of tables of their own in other languages -> English.

What is a length and what a time of play is told by what is in the column (`columns.py`).
"""

from segue.library.readers.exportify_words import WORDS as EXPORTIFY
from segue.library.readers.itunes_words import COLUMNS as ITUNES

# One line of words for each of our names; a word that is several has "_" for its blanks.
_OWN = {
    "track": """
        titel lied titre chanson morceau título canción tema titolo brano canzone
        traccia faixa música nummer liedje låt spår sang kappale biisi utwór tytuł песня
        трек композиция şarkı parça 曲 曲名 歌曲 歌名 노래 곡 제목 skladba píseň dal piesă
        пісня назва τραγούδι bài_hát เพลง lagu أغنية الأغنية שיר laul daina dziesma
    """,
    "artist": """
        künstler künstlerin interpret gruppe artiste groupe interprète artista grupo
        cantante intérprete gruppo artiest groep zespół wykonawca исполнитель группа
        sanatçı アーティスト 歌手 艺术家 藝人 가수 아티스트 umělec előadó artistă
        виконавець гурт καλλιτέχνης nghệ_sĩ ศิลปิน artis الفنان فنان אמן izvođač izvajalec esitaja
    """,
    "album": """
        álbum albumi альбом アルバム 专辑 專輯 앨범 albüm disco disque platte
        άλμπουμ อัลบั้ม الألبوم אלבום
    """,
    "date": """
        datum fecha data dato päivämäärä дата tarih 日付 日期 날짜 dátum dată
        ημερομηνία ngày วันที่ tanggal التاريخ תאריך datums
    """,
    "time": """
        zeit uhrzeit zeitpunkt zeitstempel gehört_am abgespielt_am date_d'écoute
        écouté_le horodatage heure fecha_y_hora hora escuchado_el data_e_ora ora
        ascoltato_il data_e_hora ouvido_em beluisterd_op tijd tijdstip tidpunkt
        tidspunkt aika data_odtworzenia czas время дата_и_время saat 日時 再生日時 时间 時間 播放时间
        播放時間 시간 čas
        wiedergegeben_am zuletzt_gespielt date_de_lecture date_de_l'écoute fecha_de_reproducción
        fecha_de_escucha data_di_ascolto data_di_riproduzione data_de_reprodução data_da_reprodução
        afgespeeld_op speeldatum uppspelad lyssnad_på afspillet avspilt kuunneltu дата_прослушивания
        время_прослушивания час дата_прослуховування ώρα thời_gian เวลา waktu الوقت זמן idő
    """,
    "duration": """
        dauer länge durée duración durata duração duur längd varighed kesto czas_trwania
        длительность süre 長さ 时长 時長 길이 délka hossz
        тривалість διάρκεια thời_lượng ระยะเวลา durasi المدة משך
    """,
    "plays": """
        wiedergaben écoutes lectures reproducciones escuchas ascolti riproduzioni
        reproduções spelningar toistot odtworzenia прослушивания 再生回数 播放次数 播放次數
    """,
}
# "tempo" is Italian for a length, and everybody's for a sound feature.
WORDS: dict[str, str] = (
    {theirs: "track" if ours == "name" else ours for theirs, ours in ITUNES.items() if theirs != "tempo"}
    | {theirs.replace("_", " "): ours for ours, listed in _OWN.items() for theirs in listed.split()}
    | EXPORTIFY
)
