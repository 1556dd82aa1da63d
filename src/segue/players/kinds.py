"""The kinds of players, and how the one of an account is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from segue.errors import SegueError, UsageError
from segue.players import secrets, spotify_login
from segue.players.accounts import Account
from segue.players.base import Destination, Source
from segue.players.folder import Folder
from segue.players.http import ADD_AGAIN, Server
from segue.players.jellyfin import Jellyfin
from segue.players.lastfm import ADDRESS as LASTFM
from segue.players.lastfm import LastFm
from segue.players.listenbrainz import ListenBrainz, no_lists
from segue.players.mpd import Mpd
from segue.players.spotify import ADDRESS as SPOTIFY
from segue.players.spotify import Spotify
from segue.players.spotify_login import Tokens
from segue.players.subsonic import Subsonic
from segue.playlists.placed import Places

LISTENBRAINZ = "https://api.listenbrainz.org"
Keep = Callable[[str], object]  # puts a secret that the player renewed in the old one's place


class Kind(NamedTuple):
    """A kind of player."""

    about: str
    open: Callable[[Account, str, Keep], Destination | Source]
    secret: str  # what its secret is, to ask for; empty where it needs none
    usual: str = ""  # its address, if there is one for all
    # How its secret is come by, if it cannot be typed: from the user's name there, and what asks them.
    login: Callable[[str, Callable[[str], str]], str] | None = None


def _subsonic(account: Account, secret: str, keep: Keep) -> Subsonic:
    server = Server(account.address.removesuffix("/rest"), "The Subsonic server")
    return Subsonic(server, account.user, secret, public=account.public)


def _listenbrainz(account: Account, secret: str, keep: Keep) -> ListenBrainz:
    address = account.address.rstrip("/").removesuffix("/1")
    server = Server(address, "The ListenBrainz server", headers={"Authorization": f"Token {secret}"})
    return ListenBrainz(server, account.user, public=account.public)


def _jellyfin(account: Account, secret: str, keep: Keep) -> Jellyfin:
    return Jellyfin(Server(account.address, "Jellyfin"), account.user, secret, public=account.public)


def _lastfm(account: Account, secret: str, keep: Keep) -> LastFm:
    return LastFm(Server(account.address, "Last.fm"), account.user, secret)


def _spotify(account: Account, secret: str, keep: Keep) -> Spotify:
    tokens = Tokens(Server(spotify_login.ADDRESS, "Spotify"), account.user, secret, keep)
    return Spotify(Server(account.address, "Spotify"), tokens, public=account.public)


def _mpd(account: Account, secret: str, keep: Keep) -> Mpd:
    places = Places.of("absolute", account.prefixes)
    return Mpd(account.address or "localhost", secret, places=places, queue=account.queue)


def _folder(account: Account, secret: str, keep: Keep) -> Folder:
    return Folder(Path(account.address), Places.of(account.paths, account.prefixes))


KINDS: dict[str, Kind] = {
    "subsonic": Kind("Navidrome, Gonic, LMS, supysonic, other (Open)Subsonic servers", _subsonic, "password"),
    "jellyfin": Kind("Jellyfin", _jellyfin, "password"),
    "listenbrainz": Kind(
        "ListenBrainz; listening alone: Maloja, Koito, another Segue", _listenbrainz, "token", LISTENBRAINZ
    ),
    "lastfm": Kind("Last.fm's scrobbles and loved tracks", _lastfm, "API key", LASTFM),
    "spotify": Kind(
        "Spotify, through an application of one's own",
        _spotify,
        "refresh token",
        SPOTIFY,
        spotify_login.login,
    ),
    "mpd": Kind("the music player daemon", _mpd, ""),
    "folder": Kind("a folder of M3U8 files", _folder, ""),
}
PULLED = ("subsonic", "jellyfin", "listenbrainz", "lastfm")
PUSHED = tuple(name for name in KINDS if name != "lastfm")


def known(kind: str) -> Kind:
    """The kind of that name.

    Raises:
        UsageError: there is none.
    """
    if kind not in KINDS:
        raise UsageError("There is no such kind of player", expected=", ".join(KINDS), got=kind)
    return KINDS[kind]


def refuse_without_lists(account: Account, secret: str) -> None:
    """Refuse to push to a server that says it takes no lists.

    Raises:
        UsageError: it says so. Where it cannot be reached now, nothing is said.
    """
    if account.kind != "listenbrainz" or not account.push or account.address == LISTENBRAINZ:
        return
    player = _listenbrainz(account, secret, str)
    try:
        player.test()  # an address where no such server is says the same
        takes = player.takes_lists()
    except SegueError:
        return
    if not takes:
        raise no_lists(player.where)


def opened(library: Path, account: Account) -> Destination | Source:
    """The player of an account.

    Raises:
        UsageError: its secret is not there.
    """
    kind = known(account.kind)
    secret = secrets.find(library, account.name)
    if secret is None and kind.secret:
        raise UsageError(f"There is no {kind.secret} of the player {account.name}", hint=ADD_AGAIN)
    return kind.open(account, secret or "", lambda renewed: secrets.keep(library, account.name, renewed))
