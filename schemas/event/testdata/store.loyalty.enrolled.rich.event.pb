
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRE-2Zloyalty.enrolled`h€Öâ²Ü€’x€À–ºÛ´“‚ı¼xƒ	Û¢
card6ƒ.ò_$åİùÔa…—¢
emailSÔÕ2ıã~ÕûæoIòÈ¸Ê"µÙ:½N³®‚É»~"˜¯½òáÄ…¹Ò2
card6ƒ.ò_$åİùÔa…—ÚÔPæÚæŒÕóÈ.—}(}úú
countryFRú
languagefr-FRú
loyalty_tiergoldÒ
clubsilver