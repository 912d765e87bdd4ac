
s1c1callcentre-fr *acme:Europe/ParisBFRHRk-2Z
call.ended`h€´’ı¾¤“p€½Œş¾¤“x€À–ºÛ´“‚)‘$U§zİÅ¢
customer4wb`Wfmòâh†ŸOÌ¢
phone6J†Äï¿²m¾"œ*¢
landline\a,4³µs<šd®?òlª
order$Ó"(‘­wù„ØcwÄ—Áª
call;‡êß00¦w#ë`eú¸Ê"µÙ:½N³®‚É»~"˜¯½òáÄ…¹Ò2
customer4wb`Wfmòâh†ŸOÌÚ„‘ÑË;—¸§áÍLZg„ƒšŸ&answered"delivery