
s1c1till-12"cd-2#0*
cookieÕD^â+¬€Xöm °Èñ2unify_behaviourBgrantPŸşËÍX€ÙÛÙ`€À–ºÛ´“jbannerrweb-privacyz3‚frˆ