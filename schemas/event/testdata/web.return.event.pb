
s1c1web-fr *acme:Europe/ParisBFRHRC536379Zreturn`h€Æş¹›³“x€À–ºÛ´“‚nVßbWHğÊ¢
customer;l—ÍñAäH4•‘ŒÜlMª
orderfQ0­A½‘ôë–µ¸Ò2
customer;l—ÍñAäH4•‘ŒÜlMÚ+€4À¤ê·\ñ¥}:+Ê

¾GBP