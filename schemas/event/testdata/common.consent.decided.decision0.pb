
s1c1till-12"cd-1#0*
cookieÕD^â+¬€Xöm °Èñ2unify_behaviourBwithdrawP þËÍ`€À–ºÛ´“ˆ