
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRR-2Zloyalty.card_replaced`h€êõ§ñ·’pÀî²¨ñ·’x€À–ºÛ´“‚ÿ„'|Ø–e¢
customer4wb`Wfmòâh†ŸOÌ¢
carddu7Yƒñéhqö±¥Ò2
customer4wb`Wfmòâh†ŸOÌÚ„‘ÑË;—¸§áÍLZg„ƒÚ:

card6ƒ.ò_$åİùÔa…—
carddu7Yƒñéhqö±¥