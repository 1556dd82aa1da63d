"""Pieces of classical music: one under its many titles, and never two taken for one."""

from __future__ import annotations

import pytest

from segue.library.versions.classical import pieces
from segue.library.versions.works import Recording, group

SATIE, CHOPIN, BEETHOVEN, MOZART = "Erik Satie", "Frédéric Chopin", "Ludwig van Beethoven", "Mozart"
BACH, VIVALDI, BRAHMS, DEBUSSY = (
    "Johann Sebastian Bach",
    "Antonio Vivaldi",
    "Johannes Brahms",
    "Claude Debussy",
)
SAME = [
    [
        ("Requiem In D Minor, K.626: 3. Sequentia: Lacrimosa", MOZART),
        ("Requiem in D Minor, K. 626: Lacrimosa", MOZART),
        ("Mozart: Requiem in D Minor, K. 626: VIII. Lacrimosa", "Nikolaus Harnoncourt"),
        ("Mozart: Requiem in D Minor, K. 626: III. Sequentia, (f) Lacrimosa (Chorus)", MOZART),
        ("Requiem: Lacrymosa", MOZART),
    ],
    [
        ("Requiem In D Minor, K.626: 1. Introitus: Requiem", MOZART),
        ("Requiem in D minor, K. 626: I. Requiem aeternam", MOZART),
    ],
    [
        ('Vivaldi: Gloria in D Major, RV 589: "Et in terra pax hominibus"', VIVALDI),
        ("Vivaldi : Gloria in D major RV589 : II Et in terra pax", "An Orchestra"),
    ],
    [
        ("Gymnopédie No. 1", SATIE),
        ("3 Gymnopédies: No. 1, Lent et douloureux", SATIE),
        ("3 Gymnopédies: 1. Lent et douloureux", SATIE),
        ("Satie: Gymnopédie No.1", "Alexandre Tharaud"),
        ("Gymnopedie No.1", "Pascal Rogé"),
        ("Première Gymnopédie", SATIE),
        ("3 Gymnopédies - Orch. Claude Debussy: 1. Lent et douloureux", SATIE),
    ],
    [
        ("Gymnopédies: II. Lent et triste", "Relaxing Music"),
        ("3 Gymnopédies: No.2", SATIE),
        ("ジムノペディ第2番", SATIE),
    ],
    [
        ("Nocturne No.2 in E flat, Op.9 No.2", CHOPIN),
        ("Nocturnes, Op. 9: No. 2 in E-Flat Major. Andante", CHOPIN),
        ("Chopin : Nocturne No.2 in E flat major Op.9 No.2", "Arthur Rubinstein"),
        ("Nocturne No.2 in E-Flat", CHOPIN),
        ("Nocturne No. 2 in E Flat, Op. 9", CHOPIN),
    ],
    [("Nocturne in D-Flat Major, Op. 27, No. 2", CHOPIN), ("Nocturne No. 2 in D-Flat Major, Op. 27", CHOPIN)],
    [
        ('Piano Sonata No.14 in C sharp minor, Op.27 No.2 -"Moonlight": 1. Adagio sostenuto', BEETHOVEN),
        ('Sonata No. 14 "Moonlight" in C-Sharp Minor, Op. 27 No. 2: I. Adagio sostenuto', BEETHOVEN),
    ],
    [("Für Elise", BEETHOVEN), ("Für Elise, WoO 59", BEETHOVEN), ("エリーゼのために", BEETHOVEN)],
    [("Gnossienne No. 1", SATIE), ("グノシエンヌ第1番", SATIE)],
    [
        ("3 Intermezzos, Op. 117: No. 1 in E-Flat Major", BRAHMS),
        ("Intermezzo No. 1 in E-Flat Major, Op. 117: Andante moderato", BRAHMS),
    ],
    [
        ("The Swan", "Camille Saint-Saëns"),
        ("Le carnaval des animaux: XIII. Le cygne", "Camille Saint-Saëns"),
        ("Carnival of the Animals: The Swan", "Camille Saint-Saëns"),
    ],
    [
        ("Moonlight Sonata: III. Presto agitato", BEETHOVEN),
        ("Piano Sonata No. 14 in C-Sharp Minor, Op. 27 No. 2: III. Presto agitato", BEETHOVEN),
        ("Mondscheinsonate: III. Presto", BEETHOVEN),
    ],
    [
        ("Suite bergamasque: III. Clair de lune", DEBUSSY),
        ("Suite bergamasque: Suite bergamasque: III. Clair de lune. Andante très expressif", DEBUSSY),
        ("Clair de Lune (Debussy)", "Lee Galloway"),
    ],
    [
        ("J.S. Bach: Cello Suite No.1 in G major, BWV 1007: I. Prélude", "Tina Guo"),
        ("Unaccompanied Cello Suite No. 1 in G Major, BWV 1007: Prélude", BACH),
    ],
    [
        ('The Four Seasons, Violin Concerto in E Major, Op. 8 No. 1, RV 269 "Spring": I. Allegro', VIVALDI),
        ('Concerto for Violin and Strings in E, Op.8, No.1, RV.269 "La Primavera": 1. Allegro', VIVALDI),
    ],
    [
        ("Piano Sonata in C major, K. 545: I. Allegro", "Wolfgang Amadeus Mozart"),
        ("Mozart: Piano Sonata No. 16 in C Major, K. 545: I. Allegro", "Mitsuko Uchida"),
    ],
    [
        ("Symphony No. 3 in F Major, Op. 90: III. Poco allegretto", BRAHMS),
        ("Symphony No.3 in F major Op.90 : III Poco Allegretto", BRAHMS),
    ],
]
APART = [
    ("Gymnopédie No. 1", "Gymnopédie No. 2", SATIE, SATIE),
    ("Gymnopédie No. 1", "Gnossienne No. 1", SATIE, SATIE),
    ("Nocturne No.2 in E flat, Op.9 No.2", "Nocturne No.8 in D flat, Op.27 No.2", CHOPIN, CHOPIN),
    ("Etude No. 1 in C, Op. 10", "Etude No. 7 in C, Op. 10", CHOPIN, CHOPIN),
    ("Nocturne No.1 in B flat minor, Op.9 No.1", "Nocturne No.1 in B Major", CHOPIN, CHOPIN),
    ("Nocturne No. 2 in D-Flat Major, Op. 27", "Nocturne No.2 in E-Flat", CHOPIN, CHOPIN),
    (
        "Piano Sonata No. 14, Op. 27 No. 2: I. Adagio",
        "Piano Sonata No. 14, Op. 27 No. 2: III. Presto",
        BEETHOVEN,
        BEETHOVEN,
    ),
    (
        'Ein deutsches Requiem, Op.45: 4. Chor: "Wie lieblich"',
        'Ein deutsches Requiem, Op.45: 7. Chor: "Selig sind"',
        BRAHMS,
        BRAHMS,
    ),
    (
        "21 Hungarian Dances, WoO 1: Hungarian Dance No. 5 in G Minor",
        "21 Hungarian Dances, WoO 1: Hungarian Dance No. 11",
        BRAHMS,
        BRAHMS,
    ),
    ("Gloria in D, RV 589: Domine Deus", "Gloria in D, RV 589: Domine Deus, Agnus Dei", VIVALDI, VIVALDI),
    (
        "Requiem: 3. Sequentia: Dies irae",
        "Requiem: 3. Sequentia: Lacrimosa",
        "Wolfgang Amadeus Mozart",
        "Wolfgang Amadeus Mozart",
    ),
    (
        "Swan Lake, Op.20, Act I: 7. Subject",
        "Swan Lake, Op.20, Act II: 7. Scene",
        "Pyotr Ilyich Tchaikovsky",
        "Pyotr Ilyich Tchaikovsky",
    ),
    ("Ave Maria", "Ave Maria", "Franz Schubert", "Beyoncé"),
    ("Clair de Lune", "Clair de lune", "Flight Facilities", DEBUSSY),
    ("Requiem: Lacrimosa", "Requiem: X. Lacrymosa", MOZART, "Giuseppe Verdi"),
    ("Requiem, K. 626: Dies irae", "Requiem, K. 626: Lacrimosa", MOZART, MOZART),
    ("Requiem: I. Requiem aeternam - Kyrie", "Requiem: II. Kyrie", MOZART, MOZART),
    ("Gloria in D, RV 589: Sanctus", "Gloria in D, RV 589: Quoniam tu solus Sanctus", VIVALDI, VIVALDI),
    ("Gloria in D, RV 589: Qui sedes", "Gloria in D, RV 588: Qui sedes", VIVALDI, VIVALDI),
    ("Nocturne", "Nocturne in C Minor, Op. 48 No. 1", "Billy Joel", CHOPIN),
    ("Sonata in C Major: I. Allegro", "Sonata in C Major: I. Allegro", MOZART, "Joseph Haydn"),
]


@pytest.mark.parametrize("records", SAME, ids=lambda records: records[0][0])
def test_one_piece_under_many_titles(records: list[tuple[str, str]]) -> None:
    found = group(
        [Recording(title, (artist,), track_id=f"{at}") for at, (title, artist) in enumerate(records)]
    )
    assert len({each.work_id for each in found}) == 1
    assert {each.version for each in found} == {"original"}


@pytest.mark.parametrize(("a", "b", "by", "other"), APART)
def test_two_pieces_are_two(a: str, b: str, by: str, other: str) -> None:
    first, second = group([Recording(a, (by,), track_id="a"), Recording(b, (other,), track_id="b")])
    assert first.work_id != second.work_id


def test_all_together_no_piece_joins_another() -> None:
    tracks = [(title, artist, at) for at, records in enumerate(SAME) for title, artist in records]
    found = group([Recording(title, (artist,)) for title, artist, _ in tracks])
    assert len({each.work_id for each in found}) == len(SAME)


@pytest.mark.parametrize(
    ("title", "artist"),
    [
        ("Bach Is Back", "A Band"),
        ("Field: Works", "The Field"),
        ("Opus 1", "Tommy Dorsey"),
        ("In A Minor: A Song", "Somebody"),
        ("Roll Over Beethoven", "Chuck Berry"),
        ("Love Theme", SATIE + " & " + CHOPIN),
    ],
)
def test_songs_are_no_pieces(title: str, artist: str) -> None:
    assert pieces(title, [artist]) == []
