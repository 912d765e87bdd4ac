
s1c1till-12"cr-2#0*
emailSÔÕ2ýã~ÕûæoIòÈ2	marketing:emailBgrantHP€µ›Ÿ`€À–ºÛ´“ˆ