
s1c1web-fr *acme:Europe/ParisBFRHRp-1Zpage.viewed`h€Øæß…›“x€À–ºÛ´“‚à¡rÁ
¢#
cookieÕD^â+¬€Xöm °Èñ €¦úÌ°Ò&

cookieÕD^â+¬€Xöm °Èñ€¦úÌ¬ÚpF¬çW)ô{y“I‚Ñ1mâ

/jumpers