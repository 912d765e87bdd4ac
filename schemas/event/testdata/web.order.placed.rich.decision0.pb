
s1c1web-fr"o-2#0*
cookieÕD^â+¬€Xöm °Èñ2unify_behaviourBgrantP þËÍX ¦–Õ`€À–ºÛ´“jbannerrweb-privacyz3‚frˆ