"""How sentences name songs: works of classical music without movements, long titles cut."""

from __future__ import annotations

import pytest

from segue.library.versions.spoken import LONGEST, spoken_title

PIECES = """
Sonata No. 14 "Moonlight" in C-Sharp Minor", Op. 27 No. 2: I. Adagio sostenuto | Sonata No. 14 "Moonlight"
24 Préludes, Op. 28: No.15 in D flat major - Sostenuto | 24 Préludes: No.15
Chopin : Nocturne No.2 in E flat major Op.9 No.2 | Nocturne No.2
Nocturne in C-Sharp Minor, Op. 27, No. 1 | Nocturne in C-Sharp Minor
Für Elise, WoO 59 | Für Elise
Unaccompanied Cello Suite No. 1 in G Major, BWV 1007: Prélude | Unaccompanied Cello Suite No. 1
Requiem In D Minor, K.626: 3. Sequentia: Lacrimosa - Live From Dom, Salzburg | Requiem In D Minor
Suite bergamasque: III. Clair de lune | Suite bergamasque: III. Clair de lune
Debussy / Orch Caplet: Children's Corner, L. 119b: I. Doctor Gradus ad Parnassum | Children's Corner
Beethoven: Piano Sonata No. 8 in C Minor, Op. 13, "Pathétique": II. Adagio | Piano Sonata No. 8 "Pathétique"
Mass in B minor, BWV 232 / Agnus Dei: Agnus Dei | Mass in B minor
ジムノペディ第1番 | ジムノペディ第1番
Op. 9 | Op. 9
"""  # of the last nothing would be left


@pytest.mark.parametrize(("title", "spoken"), [line.split(" | ") for line in PIECES.strip().splitlines()])
def test_a_piece_is_named_by_its_work(title: str, spoken: str) -> None:
    assert spoken_title(title, ["Johann Sebastian Bach"]) == spoken


def test_a_song_is_named_whole_unless_it_is_long() -> None:
    for title in ("Paradise Circus", "Op. 5: A Song in C Major", "1999 (The New Master)"):
        assert spoken_title(title, ["Somebody"]) == title
    long = "The Song That Never Ends, and Goes on and on: My Friends (Part One of Many, Extended)"
    told = spoken_title(long, ["Somebody"])
    assert told == "The Song That Never Ends, and Goes on and on: My Friends…"
    assert len(told) <= LONGEST + 1
