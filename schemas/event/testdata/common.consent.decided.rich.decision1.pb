
s1c1till-12"cd-2#1*
emailSÔÕ2ıã~ÕûæoIòÈ2	marketing:emailBgrantHP€Í±`€À–ºÛ´“jimportˆ