
s1c1web-fr *acme:Europe/ParisBFRHRC536380Zreturn`h€ÔÌÖ›³“x€À–ºÛ´“‚÷ÔSÅIó¢
customer;l—ÍñAäH4•‘ŒÜlMª
orderfQ0­A½‘ôë–µÒ2
customer;l—ÍñAäH4•‘ŒÜlMÚ+€4À¤ê·\ñ¥}:+Ê:
¾GBP#
DDiscountÿÿÿÿÿÿÿÿÿ(Âêÿÿÿÿÿÿÿ	cancelled