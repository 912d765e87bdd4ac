
s1c1till-12"cd-2#2*
emailSÔÕ2ıã~ÕûæoIòÈ2share_partner:parcel-coBobjectP şËÍ`€À–ºÛ´“ˆ