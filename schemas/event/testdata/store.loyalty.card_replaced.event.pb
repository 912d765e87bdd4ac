
s1c1till-12 *acme2paris-1:Europe/ParisBFRHRR-1Zloyalty.card_replaced`h€¤ï˜ğ·’x€À–ºÛ´“‚Ë~úC–.¢
carddu7Yƒñéhqö±¥Ò2
carddu7Yƒñéhqö±¥ÚMW‡NÉã JJ×Q)1VŒÚ:

card6ƒ.ò_$åİùÔa…—
carddu7Yƒñéhqö±¥