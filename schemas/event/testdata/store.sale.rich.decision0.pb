
s1c1till-12"
T12-0018#0*
emailSÔÕ2ıã~ÕûæoIòÈ2	marketing:emailBgrantPØÒÔÍ`€À–ºÛ´“jstore_tablet_signedr	marketingz1‚frˆ