
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRT12-0018Zsale`hºûˆŸ“pÀóçûˆŸ“x€À–ºÛ´“‚Ş?~şØøí¢
card6ƒ.ò_$åİùÔa…—¢
emailSÔÕ2ıã~ÕûæoIòÈ¢
phone6J†Äï¿²m¾"œ*¢
payòä Hq¶ûg‰B¼Ô
ÀE¢#
household_cardbàºª³¥rlÉÔ:
¢#
staff_discount?gÕÏ«—#À8÷‚ª
ticket(×äĞò
ßu³e«R}wI ¸Ê"µÙ:½N³®‚É»~"˜¯½òáÄ…¹Ò2
card6ƒ.ò_$åİùÔa…—ÚÔPæÚæŒÕóÈ.—}(}úú
countryFRú
languagefr-FRú
loyalty_tiergoldÂe
÷#EUR+
JUMPER-M-BLUEClothing / Jumpers Ÿ(Ÿ#
4006381333931
Stationery ¬(Ø
BAG