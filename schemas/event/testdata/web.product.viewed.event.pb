
s1c1web-fr *acme:Europe/ParisBFRHRv-1Zproduct.viewed`h€ô‚™†›“x€À–ºÛ´“‚t’£Ï™	¢#
cookieÕD^â+¬€Xöm °Èñ €¦úÌ°Ò&

cookieÕD^â+¬€Xöm °Èñ€¦úÌ¬ÚpF¬çW)ô{y“I‚Ñ1mê
JUMPER-M-BLUE