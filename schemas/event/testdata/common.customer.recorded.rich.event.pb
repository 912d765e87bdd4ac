
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRcr-2Zcustomer.recorded`h€¸²üöè‘x€À–ºÛ´“‚vOÊ¡k-%¢
customer4wb`Wfmòâh†ŸOÌ¢
card6ƒ.ò_$åİùÔa…—¢
emailSÔÕ2ıã~ÕûæoIòÈ¢
phone6J†Äï¿²m¾"œ*¢!
company_card–ÊÔqY½åÌÛŸoSW÷C¸Ê"µÙ:½N³®‚É»~"˜¯½òáÄ…¹Ò2
customer4wb`Wfmòâh†ŸOÌÚ„‘ÑË;—¸§áÍLZg„ƒâ
emailSÔÕ2ıã~ÕûæoIòÈú
countryFRú
languagefr-FRú
loyalty_tiergoldÂĞ

pointsâ	

creditôEURB

customer.(–M	Ê¹}–|ç¢
customer4wb`Wfmòâh†ŸOÌB

customerD-ƒıìBşıÅ¤™Y„v
customer4wb`Wfmòâh†ŸOÌ
city€À®Ü”Œı
family_name€€ÀÿüÆâ