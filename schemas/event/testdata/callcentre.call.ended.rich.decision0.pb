
s1c1callcentre-fr"k-2#0*
phone6J†Äï¿²m¾"œ*2	marketing:phoneBobjectP¨‚àÍ`€À–ºÛ´“ˆ