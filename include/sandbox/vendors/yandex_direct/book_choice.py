"""Which book the stand-in reads: the world's when it advertises in Direct, else a generated one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from include.sandbox.vendors.ad_cabinet import read_accounts
from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_direct.ad_book import (
    Ad,
    AdBook,
    AdGroup,
    Advertiser,
    Campaign,
    Facts,
    Keyword,
)
from include.sandbox.vendors.yandex_direct.generated_book import GeneratedBook
from include.sandbox.vendors.yandex_direct.world_book import VENDOR_NAME, WorldBook


class StageBook:
    """Asks whichever book is right for the world there is at the moment of asking."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._generated = GeneratedBook(stage.seed)

    @property
    def current(self) -> AdBook:
        """The book of this moment."""
        world = self._stage.world
        if read_accounts(world, VENDOR_NAME):
            return WorldBook(world, self._stage.clock)
        return self._generated

    def advertisers(self) -> Mapping[str, Advertiser]:
        """Every login served."""
        return self.current.advertisers()

    def campaigns(self, login: str) -> Sequence[Campaign]:
        """Campaigns, archived and wizard ones included."""
        return self.current.campaigns(login)

    def ad_groups(self, login: str) -> Sequence[AdGroup]:
        """Ad groups of campaigns the API manages."""
        return self.current.ad_groups(login)

    def ads(self, login: str) -> Sequence[Ad]:
        """Ads of campaigns the API manages."""
        return self.current.ads(login)

    def keywords(self, login: str) -> Sequence[Keyword]:
        """Keywords of campaigns the API manages."""
        return self.current.keywords(login)

    def facts(self, login: str, day: date, as_of: datetime) -> Facts:
        """Statistics of a Moscow day as the vendor showed them at ``as_of``."""
        return self.current.facts(login, day, as_of)

    def changed_since(self, login: str, since: datetime, until: datetime) -> Mapping[int, date]:
        """Campaign id → earliest day whose figures differ between the two instants."""
        return self.current.changed_since(login, since, until)
