
s1c1till-12"cr-2#1*
emailSÔÕ2ýã~ÕûæoIòÈ2soft_optin:shoesBgrantP€¥ÕÅ`€À–ºÛ´“rtill-privacyz3‚frˆ